import { UserError } from '../../errors.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { type Examples, IGNORE } from '../batch.ts'
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
): Generator<Examples> {
  const all = source.length - 1
  if (all < 1) {
    throw new UserError(`the data to evaluate on has ${source.length} tokens; it needs two or more`)
  }
  const size = rows * length
  for (let start = 0; start < all; start += size) {
    const ids = new Int32Array(size)
    const targets = new Int32Array(size).fill(IGNORE)
    const count = Math.min(size, all - start)
    const tokens = new Int32Array(count + 1)
    source.read(start, tokens)
    ids.set(tokens.subarray(0, count))
    targets.set(tokens.subarray(1))
    yield { rows, length, arrays: { ids, targets }, count }
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
