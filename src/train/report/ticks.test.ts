import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatTicks, roundTicks } from './series.ts'

it.each([
  [0, 2000, 5, ['0', '500', '1000', '1500', '2000']],
  [1.47, 4.3, 6, ['1.5', '2.0', '2.5', '3.0', '3.5', '4.0']],
  [0.1, 0.32, 5, ['0.10', '0.15', '0.20', '0.25', '0.30']],
  [-0.3, 0.3, 7, ['-0.3', '-0.2', '-0.1', '0', '0.1', '0.2', '0.3']],
  [0, 50_000, 6, ['0', '10k', '20k', '30k', '40k', '50k']],
  [0, 3e6, 8, ['0', '0.5M', '1.0M', '1.5M', '2.0M', '2.5M', '3.0M']],
  [0, 2.5e12, 3, ['0e+0', '1e+12', '2e+12']],
  [2.5e-9, 4.1e-9, 4, ['2.5e-9', '3.0e-9', '3.5e-9', '4.0e-9']],
  [10_000, 11_000, 3, ['10.0k', '10.5k', '11.0k']],
])('%f to %f in at most %i', (low, high, count, labels) => {
  expect(formatTicks(roundTicks(low, high, count))).toEqual(labels)
})

it('gives few, distinct labels within any range', () => {
  const someRange = fc.tuple(
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    fc.double({ min: 1e-9, max: 1e12, noNaN: true }),
    fc.integer({ min: 2, max: 12 }),
  )
  fc.assert(
    fc.property(
      someRange.filter(([low, size]) => size > Math.abs(low) * 1e-4),
      ([low, size, count]) => {
        const high = low + size
        const ticks = roundTicks(low, high, count)
        expect(ticks.length).toBeLessThanOrEqual(count)
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(low - size * 1e-6)
          expect(tick).toBeLessThanOrEqual(high + size * 1e-6)
        }
        expect(new Set(formatTicks(ticks)).size).toBe(ticks.length)
      },
    ),
  )
})

it('gives none where there is no range', () => {
  expect(roundTicks(1, 1, 5)).toEqual([])
  expect(roundTicks(NaN, 1, 5)).toEqual([])
  expect(roundTicks(-1.7e308, 1.7e308, 5)).toEqual([])
})
