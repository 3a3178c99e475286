import { readTokenizerAt } from '../formats/tokenizer-folder.ts'
import type { ModelConfig } from '../models/model.ts'
import type { TrainingData } from '../tasks/task.ts'
import { trainBpeOnThreads } from '../text/bpe/train-on-threads.ts'
import { trainCharTokenizer } from '../text/char.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { newestCheckpoint } from './checkpoint-files.ts'

export interface TokenizerChoice {
  /** `char`, `bpe` (default), or where a tokenizer is, see `readTokenizerAt`. */
  tokenizer?: string | undefined
  /** Size of a BPE vocabulary; default by the size of the text. */
  vocab?: number | undefined
  threads?: number | undefined
  /** Resumes the training in `out`. */
  resume: boolean
  out: string
}

/** What the tokenizer is for. */
export interface TokenizerUse {
  kind: ModelConfig['kind']
  /** A model that is trained further: its tokenizer is used. */
  base?: ChosenTokenizer | undefined
}

export interface ChosenTokenizer {
  readonly tokenizer: Tokenizer
  /** Of the model or the folder that the tokenizer is from. */
  readonly chatTemplate: string | undefined
  /** Prompts begin with BOS; default: as in the model that is trained further. */
  readonly addBos?: boolean
}

/** Whether a tokenizer is trained, and how, or read from where `tokenizer` says. */
export const originOf = ({
  tokenizer = 'bpe',
}: Pick<TokenizerChoice, 'tokenizer'>): 'char' | 'bpe' | 'file' =>
  tokenizer === 'char' || tokenizer === 'bpe' ? tokenizer : 'file'

/**
 * The tokenizer to train with: trained on the data, or read from a file; on resumption that of the
 * training, unless it was read. Throws UserError where the file is missing or is no tokenizer.
 */
export async function tokenizerFor(
  { tokenizer: choice = 'bpe', vocab, threads, resume, out }: TokenizerChoice,
  data: Pick<TrainingData, 'texts' | 'bytes'>,
  { kind, base }: TokenizerUse,
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

/** About one entry for each 300 bytes of text: a power of two from 512 to 32,768. */
const defaultVocabulary = (bytes: number): number =>
  2 ** Math.min(15, Math.max(9, Math.floor(Math.log2(Math.max(1, bytes / 300)))))
