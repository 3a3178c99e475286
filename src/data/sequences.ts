import { type Examples, IGNORE } from './batch.ts'

/** Tokens of which a decoder learns those from `learnedFrom` on. */
export interface Sequence {
  readonly ids: ArrayLike<number>
  readonly learnedFrom: number
}

/** Tokens that the longest of them needs of a context. */
export const longestSequence = (sequences: readonly Sequence[]): number =>
  sequences.reduce((most, { ids }) => Math.max(most, ids.length - 1), 1)

/** Each sequence as a row of `length` tokens: longer ones are cut, shorter ones padded. */
export function sequenceRows(
  sequences: readonly Sequence[],
  { length, padId = 0 }: { length: number; padId?: number | undefined },
): Examples {
  const rows = sequences.length
  const ids = new Int32Array(rows * length).fill(padId)
  const targets = new Int32Array(rows * length).fill(IGNORE)
  let count = 0
  for (const [row, { ids: all, learnedFrom }] of sequences.entries()) {
    // The last token is only ever a target.
    const size = Math.min(all.length - 1, length)
    for (let i = 0; i < size; i++) {
      ids[row * length + i] = all[i] as number
      if (i + 1 < learnedFrom) continue
      targets[row * length + i] = all[i + 1] as number
      count++
    }
  }
  return { rows, length, arrays: { ids, targets }, count }
}
