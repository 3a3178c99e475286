import type { ItemWeights } from './bootstrap.ts'

/** Estimates and the true numbers, of as many examples. */
export type NumberPairs = readonly (readonly [estimate: number, actual: number])[]

/**
 * Pearson's correlation of estimates and true numbers, -1 to 1: 1 where one is the other times a
 * positive number plus another. Pair i counts `weights[i]` times. Undefined where the estimates, or
 * the true numbers, are all equal: nothing can vary with a constant.
 */
export function correlation(pairs: NumberPairs, weights?: ItemWeights): number | undefined {
  const weightOf = (i: number) => (weights ? (weights[i] as number) : 1)
  let [count, a, b] = [0, 0, 0]
  for (const [i, [x, y]] of pairs.entries()) {
    count += weightOf(i)
    a += weightOf(i) * x
    b += weightOf(i) * y
  }
  a /= count
  b /= count
  let [ab, aa, bb] = [0, 0, 0]
  const [first, second] = [new Extent(), new Extent()]
  for (const [i, [x, y]] of pairs.entries()) {
    const weight = weightOf(i)
    if (weight === 0) continue
    ab += weight * (x - a) * (y - b)
    aa += weight * (x - a) ** 2
    bb += weight * (y - b) ** 2
    first.add(x)
    second.add(y)
  }
  return first.isPoint || second.isPoint ? undefined : ab / Math.sqrt(aa * bb)
}

/** Whether numbers differ, which their mean may hide: that of three times 0.1 is not 0.1. */
class Extent {
  #low = Number.POSITIVE_INFINITY
  #high = Number.NEGATIVE_INFINITY

  add(value: number): void {
    this.#low = Math.min(this.#low, value)
    this.#high = Math.max(this.#high, value)
  }

  get isPoint(): boolean {
    return this.#low >= this.#high
  }
}
