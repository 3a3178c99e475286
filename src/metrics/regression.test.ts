import { expect, test } from 'vitest'
import { correlation } from './regression.ts'

test('correlation of numbers', () => {
  const pairs = [
    [1, 2],
    [2, 4],
    [3, 6],
  ] as const
  expect(correlation(pairs)).toBeCloseTo(1, 12)
  expect(correlation(pairs.map(([a, b]) => [a, -b] as const))).toBeCloseTo(-1, 12)
})

test('nothing varies with a constant: there is no correlation', () => {
  // 0.1 + 0.1 + 0.1 is not 0.3: the mean of equal numbers may differ from them.
  const constant = [0.1, 0.1, 0.1]
  const rising = [1, 2, 3]
  const pairsOf = (a: number[], b: number[]) => a.map((x, i) => [x, b[i] as number] as const)
  expect(correlation(pairsOf(rising, constant))).toBeUndefined()
  expect(correlation(pairsOf(constant, rising))).toBeUndefined()
  expect(correlation([[1, 2]])).toBeUndefined()
})

test('a pair that counts twice is as two', () => {
  const pairs = [
    [1, 2],
    [2, 3],
    [3, 1],
  ] as const
  const [first, second, third] = pairs
  expect(correlation(pairs, [2, 1, 1])).toBeCloseTo(
    correlation([first, first, second, third]) as number,
    12,
  )
  expect(correlation(pairs, [3, 0, 0])).toBeUndefined()
})
