import { createHash } from 'node:crypto'
import type { Augmenter } from './augment/augmenter.ts'
import { type Draw, Draws } from './augment/draws.ts'
import type { Examples } from './batch.ts'
import { MixedIndices, type PartSize } from './readers/mixture.ts'
import type { BatchReader } from './readers/reader.ts'
import { ShuffledIndices } from './readers/shuffled-indices.ts'

/** Encoded examples of a task. */
export interface ExampleSet {
  readonly count: number
  /** Which of the records the examples are of, where some are left out. */
  readonly kept?: readonly number[]
  /** Tokens of the longest, as far as it is not cut off: rows need not be longer. */
  readonly longest: number
  /** What was cut off, or left out, for the user to know. */
  readonly notices: readonly string[]
  /** Some of them as a batch. */
  collate(indices: readonly number[]): Examples
  /** Some of them as a batch, with their texts varied. */
  readonly vary?: ((indices: readonly number[], draw: Draw) => Examples) | undefined
  /** Blocks of a batch's arrays, one after the other, which all have a row for each example. */
  readonly blocks?: number | undefined
  /** Parts of which it is made, where they are mixed by weight. */
  readonly parts?: readonly PartSize[] | undefined
}

/**
 * Batches of `rows` examples without end, all of them once in each round, in a new order each time;
 * or, of a set with parts, mixed by the weights of these. With an augmenter their texts vary.
 */
export function exampleReader(
  set: ExampleSet,
  { rows, seed, augmenter }: { rows: number; seed: number; augmenter?: Augmenter | undefined },
): BatchReader {
  const order = set.parts ? new MixedIndices(set.parts, seed) : new ShuffledIndices(set.count, seed)
  const draws = augmenter && new Draws(augmenter)
  return {
    next: () => {
      const indices = Array.from({ length: rows }, () => order.next())
      return draws && set.vary ? set.vary(indices, draws.next) : set.collate(indices)
    },
    state: () => (draws ? draws.state(order.state()) : order.state()),
    restore: (state) => order.restore(draws ? draws.restore(state) : state),
  }
}

/**
 * Every example once, in order. The last batch may be smaller; `whole` leaves it out, where batches
 * must be of one size.
 */
export function* allExamples(
  set: ExampleSet,
  { rows, whole = false }: { rows: number; whole?: boolean },
): Generator<Examples> {
  for (let start = 0; start < set.count; start += rows) {
    const size = Math.min(rows, set.count - start)
    if (size === rows || !whole)
      yield set.collate(Array.from({ length: size }, (_, i) => start + i))
  }
}

/** Of all that a model reads of them, however it was made. */
export function examplesHash(set: ExampleSet): string {
  const hash = createHash('sha256')
  for (const { length, arrays } of allExamples(set, { rows: 8 }))
    for (const [name, array] of Object.entries(arrays))
      hash.update(`${name} ${length} `).update(array)
  return hash.digest('hex')
}

/** Lists of numbers as one array (rows, length), filled up with `fill`. */
export function padded(
  lists: readonly ArrayLike<number>[],
  length: number,
  fill: number,
): Int32Array {
  const result = new Int32Array(lists.length * length).fill(fill)
  for (const [row, list] of lists.entries()) result.set(list, row * length)
  return result
}

/** (rows, length): 1 where a list has an entry. */
export function maskOf(lists: readonly ArrayLike<number>[], length: number): Float32Array {
  const result = new Float32Array(lists.length * length)
  for (const [row, list] of lists.entries())
    result.fill(1, row * length, row * length + list.length)
  return result
}

/** The longest list's length, at most `limit`. */
export const longestOf = (lists: readonly ArrayLike<number>[], limit: number): number =>
  lists.reduce((most, { length }) => Math.min(limit, Math.max(most, length)), 1)

/** `notices` of texts that were cut to `length` tokens. */
export const cutNotice = (cut: number, count: number, length: number): string[] =>
  cut > 0 ? [`${cut} of ${count} texts are longer than ${length} tokens, and lose their ends`] : []

/** What a model reads of texts, (rows, length) each: `ids`, `mask` and `types`. */
export function textArrays(
  texts: readonly { readonly ids: readonly number[]; readonly typeIds: readonly number[] }[],
  { length, padId = 0 }: { length: number; padId?: number | undefined },
) {
  const ids = texts.map((text) => text.ids)
  const types = texts.map(({ typeIds }) => typeIds)
  return {
    ids: padded(ids, length, padId),
    mask: maskOf(ids, length),
    types: padded(types, length, 0),
  }
}
