import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Schedule, type ScheduleName, type ScheduleOptions, schedules } from './schedules.ts'

/** nanoGPT's CPU configuration. */
const options: ScheduleOptions = { peak: 1e-3, floor: 1e-4, warmup: 100, total: 2000 }
const names = Object.keys(schedules) as ScheduleName[]

/**
 * Rates at the first step, in the warm-up, at its end, halfway, one before the end, and after it.
 */
const at = (schedule: Schedule) => [0, 49, 99, 100, 1050, 1999, 2000, 5000].map(schedule)
const warm = [1e-3 / 101, 50e-3 / 101, 100e-3 / 101]

const close = (actual: number[], expected: number[]) => {
  expect(actual.length).toBe(expected.length)
  actual.forEach((rate, i) => {
    expect(rate).toBeCloseTo(expected[i] as number, 12)
  })
}

describe('closed forms, with warm-up', () => {
  it('constant', () => {
    close(at(schedules.constant(options)), [...warm, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
  })

  it('linear', () => {
    const last = 1e-4 + 9e-4 / 1900
    close(at(schedules.linear(options)), [...warm, 1e-3, 5.5e-4, last, 1e-4, 1e-4])
  })

  it('cosine is nanoGPT’s', () => {
    const last = 1e-4 + 0.5 * (1 + Math.cos((Math.PI * 1899) / 1900)) * 9e-4
    close(at(schedules.cosine(options)), [...warm, 1e-3, 5.5e-4, last, 1e-4, 1e-4])
    // A quarter of the way: (2 + √2) / 4 of the range.
    expect(schedules.cosine(options)(575)).toBeCloseTo(1e-4 + (9e-4 * (2 + Math.SQRT2)) / 4, 12)
  })

  it('exponential', () => {
    const halfway = Math.sqrt(1e-3 * 1e-4)
    const last = 1e-4 * 10 ** (1 / 1900)
    close(at(schedules.exponential(options)), [...warm, 1e-3, halfway, last, 1e-4, 1e-4])
  })

  it('step', () => {
    // Drops every 475 steps; halving stops at the floor.
    close(at(schedules.step(options)), [...warm, 1e-3, 2.5e-4, 1.25e-4, 1e-4, 1e-4])
    const tenth = schedules.step({ ...options, floor: 0, factor: 0.1, every: 10 })
    close([100, 109, 110, 119, 120].map(tenth), [1e-3, 1e-3, 1e-4, 1e-4, 1e-5])
  })

  it('wsd', () => {
    // The last fifth decays: from step 1600.
    const last = 1e-4 + 9e-4 / 400
    close(at(schedules.wsd(options)), [...warm, 1e-3, 1e-3, last, 1e-4, 1e-4])
    close([1599, 1600, 1800].map(schedules.wsd(options)), [1e-3, 1e-3, 5.5e-4])
    close([1899, 1900, 1950].map(schedules.wsd({ ...options, decay: 0.05 })), [1e-3, 1e-3, 5.5e-4])
  })
})

it.each(names)('%s: without warm-up the first step has the peak', (name) => {
  expect(schedules[name]({ ...options, warmup: 0 })(0)).toBe(1e-3)
})

it.each(names)('%s: rises in the warm-up, never rises after it, stays within bounds', (name) => {
  const someOptions = fc.record({
    peak: fc.double({ min: 1e-5, max: 1, noNaN: true }),
    fraction: fc.double({ min: 1e-4, max: 1, noNaN: true }),
    warmup: fc.nat(20),
    after: fc.nat(20),
  })
  fc.assert(
    fc.property(someOptions, ({ peak, fraction, warmup, after }) => {
      const floor = peak * fraction
      const rounding = peak * 1e-15
      const schedule = schedules[name]({ peak, floor, warmup, total: warmup + after })
      const rates = Array.from({ length: warmup + after + 5 }, (_, step) => schedule(step))
      rates.forEach((rate, step) => {
        const before = rates[step - 1] ?? 0
        if (step < warmup) expect(rate).toBeGreaterThan(before)
        else if (step > warmup) expect(rate).toBeLessThanOrEqual(before + rounding)
        expect(rate).toBeGreaterThan(0)
        expect(rate).toBeLessThanOrEqual(peak + rounding)
        if (step >= warmup) expect(rate).toBeGreaterThanOrEqual(floor - rounding)
      })
    }),
  )
})

it('refuses an exponential decay to zero', () => {
  expect(() => schedules.exponential({ ...options, floor: 0 })).toThrow('give one above 0')
})
