import { decodeAfter, type Tokenizer } from '../text/tokenizer.ts'
import { type AnyBatch, asExamples, IGNORE } from './batch.ts'
import { measureText } from './text-pieces.ts'

/**
 * Bytes in UTF-8 of the text of a batch's targets, the divisor of bits per byte. Text that was cut
 * off is no target, and special tokens have no text.
 */
export function targetBytes(batches: Iterable<AnyBatch>, tokenizer: Tokenizer): number {
  let bytes = 0
  for (const batch of batches) {
    const { arrays, rows, length } = asExamples(batch)
    const { ids = [], targets = [] } = arrays
    for (let row = 0; row < rows; row++) {
      const [from, to] = [row * length, (row + 1) * length]
      for (let start = from; start < to; start++) {
        const run: number[] = []
        for (let i = start; i < to && targets[i] !== IGNORE; i++) run.push(targets[i] as number)
        if (run.length === 0) continue
        // A blank between the text before and the targets belongs to the targets.
        const before = ids.slice(from, start + 1)
        bytes += measureText(decodeAfter(tokenizer, before, run)).bytes
        start += run.length
      }
    }
  }
  return bytes
}
