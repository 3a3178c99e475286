import type { Tokenizer } from '../text/tokenizer.ts'
import { IGNORE } from './batch.ts'
import { type AnyBatch, asExamples } from './examples.ts'
import { measureText } from './text-pieces.ts'

/**
 * Bytes in UTF-8 of the text that the targets of batches stand for: what bits per byte are divided by.
 * What was cut off is no target, and special tokens are no text.
 */
export function targetBytes(batches: Iterable<AnyBatch>, tokenizer: Tokenizer): number {
  let bytes = 0
  const add = (run: readonly number[]) => {
    if (run.length > 0) bytes += measureText(tokenizer.decode(run)).bytes
  }
  for (const batch of batches) {
    const { arrays, rows, length } = asExamples(batch)
    const targets = arrays.targets ?? []
    for (let row = 0; row < rows; row++) {
      let run: number[] = []
      for (const target of targets.slice(row * length, (row + 1) * length)) {
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
