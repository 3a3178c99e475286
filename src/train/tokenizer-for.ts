import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Corpus } from '../data/sources/corpus.ts'
import { UserError } from '../errors.ts'
import { trainBpeOnThreads } from '../text/bpe/train-on-threads.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { loadTokenizer } from '../text/load.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

export interface TokenizerChoice {
  /** `char`, `bpe`, or a tokenizer.json or a folder that has one. */
  tokenizer: string
  /** Size of a BPE vocabulary; default by the size of the text. */
  vocab?: number
  threads?: number
}

/**
 * The tokenizer to train with: trained on the corpora, or read from a file. Throws UserError when
 * the file is not there or is none.
 */
export async function tokenizerFor(
  { tokenizer, vocab, threads }: TokenizerChoice,
  corpora: readonly Corpus[],
): Promise<Tokenizer> {
  if (tokenizer === 'char') return trainCharTokenizer(texts(corpora))
  if (tokenizer !== 'bpe') return readTokenizer(tokenizer)
  const vocabSize = vocab ?? defaultVocabulary(await totalBytes(corpora))
  return trainBpeOnThreads(texts(corpora), { vocabSize, threads })
}

/** Reads a tokenizer.json, or the one in a folder. */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => {
      throw new UserError(
        `tokenizer ${path}: no such file or folder; give char, bpe, or where a tokenizer.json is`,
      )
    },
  )
  const file = isFolder ? join(path, 'tokenizer.json') : path
  try {
    return loadTokenizer(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new UserError(`${file} cannot be read as a tokenizer: ${(error as Error).message}`)
  }
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
