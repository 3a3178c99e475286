import { expect, test } from 'vitest'
import { groupAdvantages, momentsOf } from './advantages.ts'

test('advantages are rewards less their mean, by the deviation of a sample', () => {
  // Mean 0.25, deviation 0.5.
  const found = groupAdvantages([1, 0, 0, 0], { unbiased: false })
  expect(found[0]).toBeCloseTo(0.75 / 0.5001, 12)
  expect(found[1]).toBeCloseTo(-0.25 / 0.5001, 12)
  expect(found.reduce((a, b) => a + b)).toBeCloseTo(0, 12)
})

test('without bias the deviation does not count: rewards twice as far apart weigh twice', () => {
  expect(groupAdvantages([1, 0, 0, 0], { unbiased: true })).toEqual([0.75, -0.25, -0.25, -0.25])
  expect(groupAdvantages([2, 0], { unbiased: true })).toEqual([1, -1])
})

test('a group of equal rewards has no signal', () => {
  // The mean of three times 0.1 is not 0.1 in floating point.
  for (const unbiased of [true, false])
    expect(groupAdvantages([0.1, 0.1, 0.1], { unbiased })).toEqual([0, 0, 0])
})

test('moments of one value, and of several', () => {
  expect(momentsOf([3])).toEqual({ mean: 3, deviation: 0 })
  const { mean, deviation } = momentsOf([1, 2, 3, 4])
  expect(mean).toBe(2.5)
  expect(deviation).toBeCloseTo(Math.sqrt(5 / 3), 12)
})
