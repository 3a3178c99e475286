import type { ExampleSet } from '../example-set.ts'
import type { TokenSource } from '../token-source.ts'

/**
 * Text cut into rows of `length` tokens, one after the other: each token but the first is a target
 * of one row, and a rest too short for a row of none.
 */
export function fixedWindows(source: TokenSource, length: number): ExampleSet {
  return {
    count: Math.floor((source.length - 1) / length),
    longest: length,
    notices: [],
    collate: (indices) => {
      const rows = indices.length
      const count = rows * length
      const [ids, targets] = [new Int32Array(count), new Int32Array(count)]
      const row = new Int32Array(length + 1)
      for (const [at, index] of indices.entries()) {
        source.read(index * length, row)
        ids.set(row.subarray(0, length), at * length)
        targets.set(row.subarray(1), at * length)
      }
      return { rows, length, arrays: { ids, targets }, count }
    },
  }
}
