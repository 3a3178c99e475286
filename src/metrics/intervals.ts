import { studentQuantile } from './distributions.ts'
import type { Estimate } from './estimate.ts'

/** 95 % of a normal distribution lies within this many standard deviations of its mean. */
const Z = 1.959963984540054

/** A share of `count` items, with its interval by Wilson (1927), which stays within 0 and 1. */
export function shareEstimate(hits: number, count: number): Estimate {
  const value = hits / count
  const center = (value + Z ** 2 / (2 * count)) / (1 + Z ** 2 / count)
  const half =
    (Z / (1 + Z ** 2 / count)) * Math.sqrt((value * (1 - value) + Z ** 2 / (4 * count)) / count)
  return {
    value,
    low: hits === 0 ? 0 : center - half,
    high: hits === count ? 1 : center + half,
  }
}

/** A mean, with its interval by Student's t distribution; one value has none. */
export function meanEstimate(values: ArrayLike<number>): Estimate {
  const count = values.length
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i] as number
  const value = sum / count
  if (count < 2) return { value }
  let squares = 0
  for (let i = 0; i < count; i++) squares += ((values[i] as number) - value) ** 2
  const half = studentQuantile(0.975, count - 1) * Math.sqrt(squares / (count - 1) / count)
  return { value, low: value - half, high: value + half }
}
