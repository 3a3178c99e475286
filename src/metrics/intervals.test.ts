import { expect, test } from 'vitest'
import { Random } from '../random.ts'
import { bootstrap, type ItemWeights, once } from './bootstrap.ts'
import {
  betaBelow,
  binomialAtMost,
  normalBelow,
  normalQuantile,
  studentBelow,
  studentQuantile,
} from './distributions.ts'
import { meanEstimate, shareEstimate } from './intervals.ts'
import { mcNemar, pairedDifferences } from './paired.ts'

test('distributions have the values of tables', () => {
  expect(normalBelow(1.959963984540054)).toBeCloseTo(0.975, 14)
  expect(normalBelow(-6)).toBeCloseTo(9.865876450377018e-10, 20)
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12)
  expect(studentQuantile(0.975, 1)).toBeCloseTo(12.706204736174698, 9)
  expect(studentQuantile(0.975, 10)).toBeCloseTo(2.22813885198627, 12)
  expect(studentBelow(-2, 5)).toBeCloseTo(0.05096973941492917, 12)
  // The sums of binomial probabilities, one by one.
  expect(binomialAtMost(2, 5, 0.5)).toBeCloseTo(16 / 32, 12)
  expect(binomialAtMost(1, 10, 0.5)).toBeCloseTo(11 / 1024, 14)
  expect(betaBelow(0.3, 2, 3)).toBeCloseTo(0.3483, 12)
})

test('a share has Wilson’s interval, and another mean Student’s', () => {
  // Newcombe (1998), table I: 81 of 263, and 0 of 20.
  const share = shareEstimate(81, 263)
  expect([share.low, share.high]).toEqual([expect.closeTo(0.2553, 4), expect.closeTo(0.3662, 4)])
  expect(shareEstimate(0, 20)).toEqual({ value: 0, low: 0, high: expect.closeTo(0.1611, 4) })
  const { value, low, high } = meanEstimate([1, 2, 3, 6])
  // 3 +- 3.1824 * 2.1602 / 2
  expect([value, low, high]).toEqual([3, expect.closeTo(-0.4374, 3), expect.closeTo(6.4374, 3)])
  expect(meanEstimate([2.5])).toEqual({ value: 2.5 })
})

const meanOf = (values: readonly number[]) => (weights: ItemWeights) => {
  let [sum, count] = [0, 0]
  for (const [i, value] of values.entries()) {
    sum += value * (weights[i] as number)
    count += weights[i] as number
  }
  return { mean: sum / count }
}

test('the bootstrap of a mean is near its closed form, and the same each time', () => {
  const random = new Random(7)
  const values = Array.from({ length: 200 }, () => random.normal())
  const [closed, { mean }] = [meanEstimate(values), bootstrap(meanOf(values), values.length)]
  expect(mean?.value).toBeCloseTo(closed.value, 12)
  expect(Math.abs((mean?.low as number) - (closed.low as number))).toBeLessThan(0.02)
  expect(Math.abs((mean?.high as number) - (closed.high as number))).toBeLessThan(0.02)
  expect(bootstrap(meanOf(values), values.length)).toEqual({ mean })
})

test('95 % of the intervals of skewed samples hold the true mean, nearly', () => {
  const random = new Random(1)
  let held = 0
  for (let sample = 0; sample < 200; sample++) {
    // Exponential: mean 1.
    const values = Array.from({ length: 40 }, () => -Math.log(1 - random.uniform()))
    const { mean } = bootstrap(meanOf(values), values.length, { resamples: 400, seed: sample })
    held += Number((mean?.low as number) <= 1 && (mean?.high as number) >= 1)
  }
  // 93 % is what BCa reaches with 40 values; without its corrections it is fewer.
  expect(held / 200).toBeGreaterThan(0.89)
  expect(held / 200).toBeLessThan(0.99)
})

test('one item has no interval, and what is undefined is left out', () => {
  expect(bootstrap(() => ({ a: 1, b: undefined }), 1)).toEqual({ a: { value: 1 } })
  const sometimes = (weights: ItemWeights) => ({ a: weights[0] === 0 ? undefined : 2 })
  expect(bootstrap(sometimes, 3)).toEqual({ a: { value: 2, low: 2, high: 2 } })
})

test('McNemar’s test is exact for few items, and near that for many', () => {
  // 2 x the probability of at most 1 of 10: 22 / 1024.
  expect(mcNemar(1, 9)).toBeCloseTo(22 / 1024, 12)
  expect([mcNemar(0, 0), mcNemar(5, 5)]).toEqual([1, 1])
  const exact = 2 * binomialAtMost(480, 1020, 0.5)
  expect(mcNemar(480, 540)).toBeCloseTo(exact, 3)
})

test('a paired comparison finds small differences that separate intervals would hide', () => {
  const random = new Random(3)
  const first = Array.from({ length: 100 }, () => 10 * random.normal())
  const second = first.map((value) => value + 0.5 + random.normal() / 2)
  const both = meanOf([...first, ...second])
  const { mean } = pairedDifferences(both, 100, { resamples: 1000 })
  expect(mean?.value).toBeCloseTo(0.5, 0)
  expect(mean?.low).toBeGreaterThan(0)
  expect(mean?.p).toBe(1 / 1001)
  const same = pairedDifferences(meanOf([...first, ...first]), 100, { resamples: 100 })
  expect(same.mean).toEqual({ value: 0, low: 0, high: 0, p: 1 })
})

test('the randomization test of right and wrong answers is McNemar’s', () => {
  const first = Array.from({ length: 40 }, (_, i) => Number(i < 20))
  const second = first.map((value, i) => (i >= 15 && i < 29 ? 1 - value : value))
  // 5 that the first has alone, 9 that the second has alone.
  const { mean } = pairedDifferences(meanOf([...first, ...second]), 40, { resamples: 10_000 })
  expect(mean?.p).toBeCloseTo(mcNemar(5, 9), 1)
  expect(once(2)).toEqual(Uint32Array.from([1, 1]))
})

test('samples for which a number is undefined say nothing of its p-value', () => {
  // Only samples in which every item comes from its own model have a number.
  const statistics = (weights: ItemWeights) => {
    const own = [0, 1, 2].every((i) => weights[i] === weights[0] && weights[3 + i] === weights[3])
    return { number: own ? (weights[0] ? 1 : 2) : undefined }
  }
  const { number } = pairedDifferences(statistics, 3)
  expect(number?.value).toBe(1)
  expect(number?.p).toBe(1)
})
