import type { Tokenizer } from '../text/tokenizer.ts'
import { type Batch, IGNORE } from './batch.ts'
import { measureText } from './text-pieces.ts'

/**
 * Bytes in UTF-8 of the text that the targets of batches stand for: what bits per byte are divided by.
 * What was cut off is no target, and special tokens are no text.
 */
export function targetBytes(batches: Iterable<Batch>, tokenizer: Tokenizer): number {
  let bytes = 0
  const add = (run: readonly number[]) => {
    if (run.length > 0) bytes += measureText(tokenizer.decode(run)).bytes
  }
  for (const { targets, rows, length } of batches) {
    for (let row = 0; row < rows; row++) {
      let run: number[] = []
      for (const target of targets.subarray(row * length, (row + 1) * length)) {
        if (target !== IGNORE) run.push(target)
        else {
          add(run)
          run = []
        }
      }
      add(run)
    }
  }
  return bytes
}
