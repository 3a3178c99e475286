import { UserError } from '../../errors.ts'
import { type ModelKind, postProcessorFor, specialTokensFor } from '../special-tokens.ts'
import { ByteLevelBpe } from './byte-level-bpe.ts'
import { byteLevelJson } from './byte-level-json.ts'
import { bytesInOrder, characterOfByte } from './bytes.ts'
import { WordCounter, type WordCounts } from './count.ts'
import { learnMerges } from './learn-merges.ts'
import { pieces } from './pieces.ts'
import { type SplitName, scannerOf, splitSources } from './split.ts'
import { Words } from './words.ts'

/**
 * Trains byte-level BPE on a stream of text, in memory set by its distinct words. Ids: the special
 * tokens, the bytes in GPT-2's order, the merges. The same text gives the same tokenizer, however
 * the stream is cut. A text too small for `vocabSize` gives a smaller vocabulary. Throws a
 * UserError if
 * `vocabSize` has no room for the bytes. This runs in the page; Node has `trainBpeOnThreads`.
 */
export async function trainBpe(
  chunks: AsyncIterable<string> | Iterable<string>,
  options: TrainBpeOptions,
): Promise<ByteLevelBpe> {
  const { split, specialTokens } = withDefaults(options)
  const counter = new WordCounter(split)
  for await (const piece of pieces(chunks, specialTokens)) counter.add(piece)
  return bpeFromCounts(counter.result(), options)
}

export interface TrainBpeOptions {
  /** Ids in all: special tokens, the 256 bytes, and one per merge. */
  vocabSize: number
  /** How text is cut into words. Default: `cl100k`. */
  split?: SplitName
  /** What model it is for, which decides about special tokens. Default: `decoder`. */
  kind?: ModelKind
  /** The training text is cut where they stand in it. Default: `specialTokensFor(kind)`. */
  specialTokens?: readonly string[]
  /** A pair is merged only if it occurs this often. Default: 2. */
  minFrequency?: number
  /**
   * Make no token of part of a character together with a neighbor of it (`的` and the first two
   * bytes of `一`), which bytes alone would: on Chinese text half a percent fewer tokens. Default:
   * with
   * `chinese` only, so that the other patterns train as elsewhere.
   */
  wholeCharacters?: boolean
}

/** The options with their defaults. Throws a UserError if they are impossible. */
export function withDefaults(options: TrainBpeOptions): Required<TrainBpeOptions> {
  const {
    vocabSize,
    split = 'cl100k',
    kind = 'decoder',
    specialTokens = specialTokensFor(kind),
    minFrequency = 2,
    wholeCharacters = split === 'chinese',
  } = options
  const least = 256 + specialTokens.length
  if (!(vocabSize >= least)) {
    throw new UserError(
      `vocabSize is ${vocabSize}, but 256 bytes and ${specialTokens.length} special tokens need ` +
        `at least ${least}`,
    )
  }
  if (!Object.hasOwn(splitSources, split)) {
    throw new UserError(`split is "${split}", expected ${Object.keys(splitSources).join(', ')}`)
  }
  if (new Set(specialTokens).size < specialTokens.length || specialTokens.includes('')) {
    throw new UserError(
      `specialTokens must be different and not empty, got ${JSON.stringify(specialTokens)}`,
    )
  }
  return { vocabSize, split, kind, specialTokens, minFrequency, wholeCharacters }
}

/** The tokenizer that training gives for these word counts. */
export function bpeFromCounts(words: WordCounts, options: TrainBpeOptions): ByteLevelBpe {
  const { vocabSize, split, kind, specialTokens, minFrequency, wholeCharacters } =
    withDefaults(options)
  const learned = learnMerges(words, {
    most: vocabSize - 256 - specialTokens.length,
    atLeast: minFrequency,
    wholeCharacters,
  })
  const tokens = Array.from(characterOfByte, (code) => String.fromCharCode(code))
  const merges = learned.map(([left, right]): [string, string] => {
    tokens.push(tokens[left]! + tokens[right]!)
    return [tokens[left]!, tokens[right]!]
  })
  const ids = [...bytesInOrder.map((byte) => tokens[byte]!), ...tokens.slice(256)]
  const specials = Object.fromEntries(specialTokens.map((content, id) => [content, id]))
  const json = byteLevelJson({
    split,
    specials,
    postProcessor: postProcessorFor(kind, specials),
    vocab: Object.fromEntries(ids.map((token, i) => [token, specialTokens.length + i])),
    merges,
  })
  return new ByteLevelBpe(json, new Words(scannerOf.get(splitSources[split])!))
}
