import { UserError } from '../../errors.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { type Batch, emptyBatch } from '../batch.ts'
import { measureText } from '../text-pieces.ts'
import type { TokenSource } from '../token-source.ts'

/**
 * The whole of `source` in windows of `length` that do not overlap: every token but the first,
 * which nothing comes before, is a target once. All batches have `rows` rows; what the last window
 * and the last batch lack has targets of -100. Throws UserError when there are fewer than two
 * tokens.
 */
export function* evaluationBatches(
  source: TokenSource,
  { rows, length }: { rows: number; length: number },
): Generator<Batch> {
  const targets = source.length - 1
  if (targets < 1) {
    throw new UserError(`the data to evaluate on has ${source.length} tokens; it needs two or more`)
  }
  const size = rows * length
  for (let start = 0; start < targets; start += size) {
    const batch = emptyBatch(rows, length)
    const count = Math.min(size, targets - start)
    const tokens = new Int32Array(count + 1)
    source.read(start, tokens)
    batch.inputs.set(tokens.subarray(0, count))
    batch.targets.set(tokens.subarray(1))
    yield batch
  }
}

/** The bytes of a text that `evaluationBatches` has targets for: all but the first token's. */
export function measuredBytes(
  source: TokenSource,
  { bytes, tokenizer }: { bytes: number; tokenizer: Tokenizer },
): number {
  const first = new Int32Array(1)
  source.read(0, first)
  return bytes - measureText(tokenizer.decode(first)).bytes
}
