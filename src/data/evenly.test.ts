import { expect, test } from 'vitest'
import { evenly, evenlyOf } from './evenly.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

test('some of all, at even distances', () => {
  expect(evenly(numbers(9), 3)).toEqual([0, 3, 6])
  expect(evenly(numbers(10), 3)).toEqual([0, 3, 6])
  expect(evenly(numbers(2), 3)).toEqual([0, 1])
  expect(evenly([], 3)).toEqual([])
})

test('as many of what comes one by one, with the same distances', () => {
  for (const total of [1, 2, 3, 7, 10, 100])
    for (const count of [1, 2, 3, 7, 200]) {
      const found = [...evenlyOf(numbers(total), { count, total })]
      expect(found.length).toBe(Math.min(count, total))
      const gaps = found.slice(1).map((one, i) => one - (found[i] as number))
      for (const gap of gaps) expect(Math.abs(gap - total / found.length)).toBeLessThan(1)
    }
})
