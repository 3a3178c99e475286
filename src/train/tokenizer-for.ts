import { stat } from 'node:fs/promises'
import type { Corpus } from '../data/sources/corpus.ts'
import { trainBpeOnThreads } from '../text/bpe/train-on-threads.ts'
import { trainCharTokenizer } from '../text/char.ts'
import type { ModelKind } from '../text/special-tokens.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { readTokenizerAt } from '../text/tokenizer-folder.ts'

export interface TokenizerChoice {
  /** `char`, `bpe`, or where a tokenizer is, see `readTokenizerAt`. */
  tokenizer: string
  /** Size of a BPE vocabulary; default by the size of the text. */
  vocab?: number
  /** What model it is for. Default: `decoder`. */
  kind?: ModelKind
  threads?: number
}

/**
 * The tokenizer to train with: trained on the corpora, or read from a file. Throws UserError when
 * the file is not there or is none.
 */
export async function tokenizerFor(
  { tokenizer, vocab, kind, threads }: TokenizerChoice,
  corpora: readonly Corpus[],
): Promise<Tokenizer> {
  if (tokenizer === 'char') return trainCharTokenizer(texts(corpora), { kind })
  if (tokenizer !== 'bpe') return readTokenizer(tokenizer)
  const vocabSize = vocab ?? defaultVocabulary(await totalBytes(corpora))
  return trainBpeOnThreads(texts(corpora), { vocabSize, kind, threads })
}

/** Reads the tokenizer in a folder or a file, see `readTokenizerAt`. Throws UserError. */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const { tokenizer } = await readTokenizerAt(path)
  return tokenizer
}

async function* texts(corpora: readonly Corpus[]): AsyncGenerator<string> {
  for (const corpus of corpora) for await (const { text } of corpus.documents()) yield text
}

async function totalBytes(corpora: readonly Corpus[]): Promise<number> {
  const files = corpora.flatMap((corpus) => corpus.files)
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size))
  return sizes.reduce((total, size) => total + size, 0)
}

/** About one entry for each 300 bytes of text: a power of two from 512 to 32,768. */
const defaultVocabulary = (bytes: number): number =>
  2 ** Math.min(15, Math.max(9, Math.floor(Math.log2(Math.max(1, bytes / 300)))))
