import { expect, test } from 'vitest'
import { holdOut } from './split.ts'

const numbers = Array.from({ length: 100 }, (_, i) => i)
const options = { share: 0.1, seed: 1, shuffle: true }

test('every record is on one side, in order, and the draw is that of the seed', () => {
  const [learned, held] = holdOut(numbers, options)
  expect([learned.length, held.length]).toEqual([90, 10])
  expect([...learned, ...held].sort((a, b) => a - b)).toEqual(numbers)
  for (const side of [learned, held]) expect(side).toEqual([...side].sort((a, b) => a - b))
  expect(holdOut(numbers, options)[1]).toEqual(held)
  expect(holdOut(numbers, { ...options, seed: 2 })[1]).not.toEqual(held)
  // Drawn from everywhere: the chance that ten of a hundred all lie in one half is below 0.2 %.
  expect(Math.min(...held)).toBeLessThan(50)
  expect(Math.max(...held)).toBeGreaterThanOrEqual(50)
})

test('without shuffling, the last records are held out', () => {
  expect(holdOut(numbers, { ...options, shuffle: false })[1]).toEqual(numbers.slice(90))
})

test('a share of nothing and of few records', () => {
  expect(holdOut(numbers, { ...options, share: 0 })).toEqual([numbers, []])
  expect(holdOut([1, 2, 3], options).map((side) => side.length)).toEqual([3, 0])
})

test('each label of sorted records has its share; a single record is learned', () => {
  const labels = ['a', 'b', 'c', 'd'].flatMap((label, i) =>
    Array.from({ length: [120, 40, 39, 1][i] as number }, () => label),
  )
  for (const seed of [1, 2, 3, 4, 5]) {
    const [, held] = holdOut(labels, { ...options, seed, labelOf: (label) => label })
    const count = (label: string) => held.filter((one) => one === label).length
    expect([count('a'), count('b'), count('c'), count('d')]).toEqual([12, 4, 4, 0])
  }
})
