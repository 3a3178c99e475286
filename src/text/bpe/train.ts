import type { ByteLevelBpe } from './byte-level-bpe.ts'
import { WordCounter } from './count.ts'
import { bpeFromCounts, type TrainBpeOptions, withDefaults } from './from-counts.ts'
import { pieces } from './pieces.ts'

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
