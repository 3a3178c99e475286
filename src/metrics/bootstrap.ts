import { Random } from '../random.ts'
import { normalBelow, normalQuantile } from './distributions.ts'
import type { Estimate } from './estimate.ts'

/** How often each item of a sample counts: once, or as often as a resample drew it. */
export type ItemWeights = ArrayLike<number>

/** Numbers of a sample by name; undefined where a number is not defined for it. */
export type Numbers = Readonly<Record<string, number | undefined>>

/** The numbers of a sample whose items count by weights. */
export type Statistics = (weights: ItemWeights) => Numbers

export const RESAMPLES = 1000

/** Groups that are left out in turn to estimate the skewness. */
const GROUPS = 200

/** The 2.5 % and 97.5 % points of a standard normal distribution. */
export const BOUNDS = [-1.959963984540054, 1.959963984540054] as const

/** Every item once. */
export const once = (count: number): Uint32Array => new Uint32Array(count).fill(1)

/** How often each of `count` items is drawn in `resamples` samples of as many, with replacement. */
export function* resamples(
  count: number,
  { resamples = RESAMPLES, seed = 0 }: BootstrapOptions = {},
): Generator<Uint32Array> {
  const random = new Random(seed)
  for (let i = 0; i < resamples; i++) {
    const weights = new Uint32Array(count)
    for (let draw = 0; draw < count; draw++) {
      // Of 32 bits: twice as fast as `integer`, and as good for so few items.
      const item = Math.floor((random.bits() / 2 ** 32) * count)
      weights[item] = (weights[item] as number) + 1
    }
    yield weights
  }
}

export interface BootstrapOptions {
  resamples?: number
  seed?: number
}

/**
 * Numbers of a sample of `count` items with intervals by the bootstrap, bias-corrected and
 * accelerated (BCa: Efron 1987). Resamples for which a number is undefined do not count. Numbers
 * that are undefined for the sample itself are left out; a single item has no intervals.
 */
export function bootstrap(
  statistics: Statistics,
  count: number,
  options: BootstrapOptions = {},
): Record<string, Estimate> {
  const names: [name: string, value: number][] = []
  for (const [name, value] of Object.entries(statistics(once(count))))
    if (value !== undefined) names.push([name, value])
  if (count < 2 || names.length === 0)
    return Object.fromEntries(names.map(([name, value]) => [name, { value }]))
  const drawn = collect(statistics, resamples(count, options))
  const jackknife = collect(statistics, withoutGroups(count))
  return Object.fromEntries(
    names.map(([name, value]) => {
      const sorted = drawn[name]?.sort() ?? new Float64Array()
      return [name, { value, ...adjustedBounds(value, sorted, jackknife[name] ?? []) }]
    }),
  )
}

/** Values of each number over several weightings, as far as they are defined. */
function collect(
  statistics: Statistics,
  weightings: Iterable<ItemWeights>,
): Record<string, Float64Array> {
  const all: Record<string, number[]> = {}
  for (const weights of weightings)
    for (const [name, value] of Object.entries(statistics(weights))) {
      if (value === undefined) continue
      all[name] ??= []
      all[name].push(value)
    }
  return Object.fromEntries(
    Object.entries(all).map(([name, values]) => [name, Float64Array.from(values)]),
  )
}

/** All items without one of at most `GROUPS` groups, in turn. */
function* withoutGroups(count: number): Generator<Uint32Array> {
  const groups = Math.min(count, GROUPS)
  for (let group = 0; group < groups; group++) {
    const weights = once(count)
    for (let i = group; i < count; i += groups) weights[i] = 0
    yield weights
  }
}

/** Bounds of the BCa interval: `drawn` is sorted; `left` are values without a group each. */
function adjustedBounds(value: number, drawn: Float64Array, left: ArrayLike<number>) {
  if (drawn.length === 0) return {}
  const below = drawn.filter((one) => one < value).length
  const equal = drawn.filter((one) => one === value).length
  const share = (below + equal / 2) / drawn.length
  const step = 1 / (2 * drawn.length)
  const bias = normalQuantile(Math.min(1 - step, Math.max(step, share)))
  const skewness = acceleration(left)
  const [low, high] = BOUNDS.map((bound) => {
    const z = bias + bound
    return quantile(drawn, normalBelow(bias + z / (1 - skewness * z)))
  }) as [number, number]
  // A strong bias, such as that of a calibration error near 0, would leave the value outside.
  return { low: Math.min(low, value), high: Math.max(high, value) }
}

/** A sixth of the skewness of the jackknife's values (Efron 1987). */
function acceleration(left: ArrayLike<number>): number {
  let mean = 0
  for (let i = 0; i < left.length; i++) mean += (left[i] as number) / left.length
  let [squares, cubes] = [0, 0]
  for (let i = 0; i < left.length; i++) {
    const distance = mean - (left[i] as number)
    squares += distance ** 2
    cubes += distance ** 3
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0
}

/** The value below which `share` of sorted values lie, interpolated (as NumPy's quantile does). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number]
  return low + (at - Math.floor(at)) * (high - low)
}
