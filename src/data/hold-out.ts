import { Random } from '../random.ts'

export interface HoldOutOptions<R> {
  /** Share of the records to validate on. */
  share: number
  seed: number
  /** Draws the share at random; false takes the last records, for data in the order of time. */
  shuffle: boolean
  /** Each label has the same share, as nearly as whole records allow. */
  labelOf?: ((record: R) => string) | undefined
}

/**
 * Records to learn from and records to validate on, both in the order of the data. A label with a
 * single record is learned rather than measured.
 */
export function holdOut<R>(
  records: readonly R[],
  { share, seed, shuffle, labelOf = () => '' }: HoldOutOptions<R>,
): [learned: R[], held: R[]] {
  const learned = Math.ceil(records.length * (1 - share))
  if (!shuffle) return [records.slice(0, learned), records.slice(learned)]
  const labels = records.map(labelOf)
  const sizes = new Map<string, number>()
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1)
  // The k-th drawn record of a label with n of them stands at (k + 1/2) / n: the lowest of all are
  // the share of every label, rounded.
  const drawn = new Map<string, number>()
  const ranked = shuffledIndices(records.length, seed).map((index) => {
    const label = labels[index] as string
    const before = drawn.get(label) ?? 0
    drawn.set(label, before + 1)
    return { index, rank: (before + 0.5) / (sizes.get(label) as number) }
  })
  ranked.sort((a, b) => a.rank - b.rank)
  const held = new Set(ranked.slice(0, records.length - learned).map(({ index }) => index))
  return [
    records.filter((_, index) => !held.has(index)),
    records.filter((_, index) => held.has(index)),
  ]
}

/** 0 .. count - 1 in a random order (Fisher & Yates 1938). */
function shuffledIndices(count: number, seed: number): number[] {
  const random = new Random(seed)
  const order: number[] = []
  for (let i = 0; i < count; i++) {
    const j = random.integer(i + 1)
    order[i] = order[j] ?? i
    order[j] = i
  }
  return order
}
