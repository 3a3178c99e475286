import type { Examples } from './batch.ts'
import type { ExampleSet } from './example-set.ts'

/** One of several sets of examples that are mixed, and the source that it is from. */
export interface MixedSet {
  readonly set: ExampleSet
  readonly name: string
  readonly weight: number
}

/**
 * Several sets as one, which `exampleReader` reads by their weights. Its examples are those of the
 * first set, then those of the second, and so on; in a batch, too, those of one set stand together.
 */
export function joinSets(mixed: readonly MixedSet[]): ExampleSet {
  const sets = mixed.map(({ set }) => set)
  const [first] = sets
  if (first && sets.length === 1) return first
  const starts: number[] = []
  let count = 0
  for (const set of sets) {
    starts.push(count)
    count += set.count
  }
  const blocks = first?.blocks ?? 1
  const joined = (
    indices: readonly number[],
    batchOf: (set: ExampleSet, own: readonly number[]) => Examples,
  ): Examples => {
    const chosen = sets.map((): number[] => [])
    for (const index of indices) {
      const number = starts.findLastIndex((start) => start <= index)
      chosen[number]?.push(index - (starts[number] as number))
    }
    const batches = sets.flatMap((set, i) =>
      (chosen[i] as number[]).length > 0 ? batchOf(set, chosen[i] as number[]) : [],
    )
    return joinBatches(batches, blocks)
  }
  return {
    count,
    longest: Math.max(...sets.map(({ longest }) => longest)),
    notices: mixed.flatMap(({ set, name }) => set.notices.map((notice) => `${name}: ${notice}`)),
    blocks,
    parts: mixed.map(({ set, weight }) => ({ count: set.count, weight })),
    collate: (indices) => joined(indices, (set, own) => set.collate(own)),
    vary: (indices, draw) =>
      joined(indices, (set, own) => (set.vary ? set.vary(own, draw) : set.collate(own))),
  }
}

/** The rows of several batches as one. */
function joinBatches(batches: readonly Examples[], blocks: number): Examples {
  const [first] = batches
  if (!first || batches.length === 1) return first as Examples
  const sum = (of: (batch: Examples) => number) => batches.reduce((all, one) => all + of(one), 0)
  const arrays: Record<string, Int32Array | Float32Array> = {}
  for (const name of Object.keys(first.arrays)) {
    const lists = batches.map((batch) => batch.arrays[name] as Int32Array | Float32Array)
    const size = lists.reduce((total, { length }) => total + length, 0)
    const whole = lists[0] instanceof Float32Array ? new Float32Array(size) : new Int32Array(size)
    let at = 0
    for (let block = 0; block < blocks; block++)
      for (const list of lists) {
        const length = list.length / blocks
        whole.set(list.subarray(block * length, (block + 1) * length), at)
        at += length
      }
    arrays[name] = whole
  }
  return {
    rows: sum(({ rows }) => rows),
    length: first.length,
    arrays,
    count: sum((batch) => batch.count),
  }
}
