import { expect, test } from 'vitest'
import { Random } from './random.ts'

test('the sequences of a seed differ by number, also of large seeds', () => {
  const first = (seed: number, number: number) => Random.of(seed, number).uniform()
  for (const seed of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const all = Array.from({ length: 2000 }, (_, number) => first(seed, number))
    expect(new Set(all).size, String(seed)).toBe(2000)
    // Five deviations of sqrt(1 / 12 / 2000) = 0.0065.
    const mean = all.reduce((sum, one) => sum + one) / 2000
    expect(Math.abs(mean - 0.5), String(seed)).toBeLessThan(0.033)
  }
  expect(first(1, 2)).not.toBe(first(2, 1))
  expect(first(Number.MAX_SAFE_INTEGER, 1)).not.toBe(first(Number.MAX_SAFE_INTEGER - 1, 1))
  expect(first(1, 2 ** 32)).not.toBe(first(1, 0))
  expect(first(7, 3)).toBe(first(7, 3))
})
