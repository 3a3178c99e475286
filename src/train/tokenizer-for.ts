import { stat } from 'node:fs/promises'
import type { Corpus } from '../data/sources/corpus.ts'
import { readTokenizerAt } from '../formats/tokenizer-folder.ts'
import type { ModelConfig } from '../models/model.ts'
import { trainBpeOnThreads } from '../text/bpe/train-on-threads.ts'
import { trainCharTokenizer } from '../text/char.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { newestCheckpoint } from './checkpoint-files.ts'

export interface TokenizerChoice {
  /** `char`, `bpe` (default), or where a tokenizer is, see `readTokenizerAt`. */
  tokenizer?: string
  /** Size of a BPE vocabulary; default by the size of the text. */
  vocab?: number
  threads?: number
  /** Resumes the training in `out`. */
  resume: boolean
  out: string
}

/** What the tokenizer is for. */
export interface TokenizerUse {
  kind: ModelConfig['kind']
  /** A model that is trained further: its tokenizer is used. */
  base?: ChosenTokenizer
}

export interface ChosenTokenizer {
  readonly tokenizer: Tokenizer
  /** Of the model or the folder that the tokenizer is from. */
  readonly chatTemplate: string | undefined
}

/** Whether a tokenizer is trained, and how, or read from where `tokenizer` says. */
export const originOf = ({
  tokenizer = 'bpe',
}: Pick<TokenizerChoice, 'tokenizer'>): 'char' | 'bpe' | 'file' =>
  tokenizer === 'char' || tokenizer === 'bpe' ? tokenizer : 'file'

/**
 * The tokenizer to train with on text: trained on the corpora, or read from a file; on resumption
 * that of the training, unless it was read. Throws UserError when the file is not there or is none.
 */
export async function tokenizerForText(
  options: TokenizerChoice,
  corpora: readonly Corpus[],
  use: TokenizerUse,
): Promise<ChosenTokenizer> {
  return chooseTokenizer(options, use, {
    texts: () => textsOf(corpora),
    bytes: () => totalBytes(corpora),
  })
}

/** As `tokenizerForText`, for texts that are in memory. */
export async function tokenizerForTexts(
  options: TokenizerChoice,
  texts: () => readonly string[],
  use: TokenizerUse,
): Promise<ChosenTokenizer> {
  return chooseTokenizer(options, use, {
    texts,
    bytes: async () => texts().reduce((total, text) => total + Buffer.byteLength(text), 0),
  })
}

async function chooseTokenizer(
  { tokenizer: choice = 'bpe', vocab, threads, resume, out }: TokenizerChoice,
  { kind, base }: TokenizerUse,
  data: { texts(): Iterable<string> | AsyncIterable<string>; bytes(): Promise<number> },
): Promise<ChosenTokenizer> {
  const origin = originOf({ tokenizer: choice })
  if (origin === 'file') {
    const given = await readTokenizerAt(choice)
    return { ...given, chatTemplate: given.chatTemplate ?? base?.chatTemplate }
  }
  if (resume) return readTokenizerAt((await newestCheckpoint(out))?.folder ?? out)
  if (base) return base
  const chatTemplate = undefined
  if (origin === 'char')
    return { tokenizer: await trainCharTokenizer(data.texts(), { kind }), chatTemplate }
  const vocabSize = vocab ?? defaultVocabulary(await data.bytes())
  const tokenizer = await trainBpeOnThreads(data.texts(), { vocabSize, threads, kind })
  return { tokenizer, chatTemplate }
}

/**
 * Reads the tokenizer in a model's folder, or in a file: a tokenizer.json of any name, `vocab.txt`,
 * a SentencePiece `.model`, llama2.c's `.bin`, or a GGUF file. Throws UserError.
 *
 * @example
 * const tokenizer = await readTokenizer('model.gguf')
 * tokenizer.encode('Call me Ishmael.')
 */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  const { tokenizer } = await readTokenizerAt(path)
  return tokenizer
}

async function* textsOf(corpora: readonly Corpus[]): AsyncGenerator<string> {
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
