import { Random } from '../random.ts'
import {
  type BootstrapOptions,
  type Numbers,
  once,
  quantile,
  RESAMPLES,
  resamples,
  type Statistics,
} from './bootstrap.ts'
import { binomialAtMost, chiSquaredAbove } from './distributions.ts'

/** A second model compared with a first on the same items. */
export interface Difference {
  /** Of the second less the first. */
  readonly value: number
  /** Its 95 % interval. */
  readonly low?: number | undefined
  readonly high?: number | undefined
  /**
   * Probability of a difference as large in either direction if the models were equally good. NaN
   * where the difference is no finite number.
   */
  readonly p: number
}

/** Below so many items on which the models differ, McNemar's test is exact. */
const EXACT = 1000

/**
 * McNemar's test (1947) of two models that are right or wrong on the same items: exact, by the
 * binomial distribution, else with Edwards's continuity correction. `onlyFirst`, `onlySecond`:
 * items that one alone has right. Gives the p-value of both sides.
 */
export function mcNemar(onlyFirst: number, onlySecond: number): number {
  const count = onlyFirst + onlySecond
  if (count === 0) return 1
  if (count < EXACT)
    return Math.min(1, 2 * binomialAtMost(Math.min(onlyFirst, onlySecond), count, 0.5))
  const distance = Math.max(0, Math.abs(onlyFirst - onlySecond) - 1)
  return chiSquaredAbove(distance ** 2 / count)
}

/**
 * Differences between two models on the same `count` items. `statistics` are of the items of both,
 * those of the first before those of the second: 2 x count weights. Intervals are percentiles of
 * the paired bootstrap, which draws the same items of both (Koehn 2004); p-values are of the
 * randomization test, which swaps the models on random items (Noreen 1989). Numbers that are
 * undefined for a model are left out. Samples for which one is undefined, or infinite, do not
 * count.
 */
export function pairedDifferences(
  statistics: Statistics,
  count: number,
  { resamples: rounds = RESAMPLES, seed = 0 }: BootstrapOptions = {},
): Record<string, Difference> {
  const between = (first: ArrayLike<number>, second: ArrayLike<number>) => {
    const [a, b] = [statistics(joined(first, [], count)), statistics(joined([], second, count))]
    const both = Object.keys(a).filter((name) => a[name] !== undefined && b[name] !== undefined)
    return both.map((name) => [name, (b[name] as number) - (a[name] as number)] as const)
  }
  const all = once(count)
  const observed = between(all, all)
  const drawn = new Map<string, number[]>(observed.map(([name]) => [name, []]))
  for (const weights of resamples(count, { resamples: rounds, seed }))
    for (const [name, value] of between(weights, weights))
      if (Number.isFinite(value)) drawn.get(name)?.push(value)
  const defined = new Map<string, number>()
  const asLarge = new Map<string, number>()
  const random = new Random(seed)
  for (let round = 0; round < rounds; round++) {
    const swapped = Uint32Array.from({ length: count }, () => random.bits() >>> 31)
    const [a, b] = mixed(swapped, statistics)
    for (const [name, value] of observed) {
      const difference = (b[name] ?? Number.NaN) - (a[name] ?? Number.NaN)
      if (!Number.isFinite(difference)) continue
      defined.set(name, (defined.get(name) ?? 0) + 1)
      // Sums in another order differ in their last digits.
      if (Math.abs(difference) >= Math.abs(value) * (1 - 1e-9))
        asLarge.set(name, (asLarge.get(name) ?? 0) + 1)
    }
  }
  return Object.fromEntries(
    observed.map(([name, value]) => {
      if (!Number.isFinite(value)) return [name, { value, p: Number.NaN }]
      const sorted = Float64Array.from(drawn.get(name) ?? []).sort()
      const bounds =
        count < 2 || sorted.length === 0
          ? {}
          : { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) }
      const p = (1 + (asLarge.get(name) ?? 0)) / (1 + (defined.get(name) ?? 0))
      return [name, { value, ...bounds, p }]
    }),
  )
}

/** Weights of the first model's items, then of the second's. */
function joined(first: ArrayLike<number>, second: ArrayLike<number>, count: number): Uint32Array {
  const weights = new Uint32Array(2 * count)
  weights.set(first)
  weights.set(second, count)
  return weights
}

/** The numbers of both models, with the items exchanged where `swapped` is 1. */
function mixed(swapped: Uint32Array, statistics: Statistics): [Numbers, Numbers] {
  const count = swapped.length
  const kept = swapped.map((one) => 1 - one)
  return [statistics(joined(kept, swapped, count)), statistics(joined(swapped, kept, count))]
}
