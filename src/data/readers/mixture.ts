import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { Random } from '../../random.ts'
import { type Position, parseState, type RowReader, randomState } from './reader.ts'
import { ShuffledIndices } from './shuffled-indices.ts'

const schema = z.object({ random: randomState, parts: z.array(z.unknown()) })

/**
 * Several parts, of which one is drawn each time, with probability proportional to its weight.
 * Their positions are saved with the generator's.
 */
class WeightedParts<P extends Position> implements Position {
  readonly #parts: readonly P[]
  readonly #weights: readonly number[]
  readonly #total: number
  #random: Random

  constructor(parts: readonly { part: P; weight: number }[], seed: number) {
    this.#parts = parts.map(({ part }) => part)
    this.#weights = parts.map(({ weight }) => weight)
    this.#total = this.#weights.reduce((sum, weight) => sum + weight, 0)
    this.#random = new Random(seed)
    const isWeight = this.#weights.every((weight) => weight > 0)
    if (parts.length === 0 || !isWeight || this.#total === Infinity)
      throw new UserError(
        `the weights of a mixture are [${this.#weights.join(', ')}]; give numbers above 0`,
      )
  }

  /** The number of the next part, and the part. */
  draw(): [number, P] {
    let left = this.#random.uniform() * this.#total
    let drawn = 0
    while (drawn < this.#parts.length - 1) {
      left -= this.#weights[drawn] as number
      if (left < 0) break
      drawn++
    }
    return [drawn, this.#parts[drawn] as P]
  }

  state(): z.infer<typeof schema> {
    return {
      random: [...this.#random.state],
      parts: this.#parts.map((part) => part.state()),
    }
  }

  restore(state: unknown): void {
    const count = this.#parts.length
    const wanted = schema.refine(({ parts }) => parts.length === count)
    const saved = parseState(wanted, state, `a mixture of ${count}`)
    this.#random = new Random(saved.random)
    for (const [i, part] of this.#parts.entries()) part.restore(saved.parts[i])
  }
}

/** Rows of several readers: the weights are shares of the rows, and of their tokens. */
export function mixture(
  readers: readonly { reader: RowReader; weight: number }[],
  { seed }: { seed: number },
): RowReader {
  const parts = new WeightedParts(
    readers.map(({ reader, weight }) => ({ part: reader, weight })),
    seed,
  )
  return {
    read: (row) => parts.draw()[1].read(row),
    state: () => parts.state(),
    restore: (state) => parts.restore(state),
  }
}

/** How many examples a part of a mixture has, and its weight. */
export interface PartSize {
  readonly count: number
  readonly weight: number
}

/**
 * Indices of examples whose parts follow each other. Each part is read in a new random order each
 * time round, and as often as its weight says.
 */
export class MixedIndices implements Position {
  readonly #parts: WeightedParts<ShuffledIndices>
  readonly #starts: number[] = []

  constructor(sizes: readonly PartSize[], seed: number) {
    let start = 0
    const parts = sizes.map(({ count, weight }, i) => {
      this.#starts.push(start)
      start += count
      return { part: new ShuffledIndices(count, seed + i), weight }
    })
    this.#parts = new WeightedParts(parts, seed + sizes.length)
  }

  next(): number {
    const [number, part] = this.#parts.draw()
    return (this.#starts[number] as number) + part.next()
  }

  state(): unknown {
    return this.#parts.state()
  }

  restore(state: unknown): void {
    this.#parts.restore(state)
  }
}

/** For each part of a mixture, a line: its share, and how often an epoch reads it. */
export function shareNotices(
  parts: readonly (PartSize & { readonly name: string })[],
  what: 'rows' | 'tokens',
): string[] {
  if (parts.length < 2) return []
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const [all, weights] = [sum(parts.map((p) => p.count)), sum(parts.map((p) => p.weight))]
  return parts.map(({ name, count, weight }) => {
    const share = weight / weights
    const times = ((share * all) / count).toPrecision(2)
    return (
      `${name}: ${(100 * share).toPrecision(3)} % of the ${what} read; an epoch reads its ` +
      `${count} ${what} ${Number(times)} times`
    )
  })
}
