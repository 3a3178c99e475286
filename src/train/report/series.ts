import type { Language } from '../../language.ts'
import { messages } from './messages.ts'
import type { Metrics } from './metrics.ts'

export type Point = readonly [step: number, value: number]

/** A named line of a picture. */
export interface Series {
  name: string
  /** By step. A value that is not finite breaks the line. */
  points: readonly Point[]
  /** Varies from step to step, as the loss of single batches does: shown smoothed. */
  noisy?: boolean
}

/** The training loss and, where it was measured, the validation loss of one run. */
export const lossSeries = (records: readonly Metrics[], language: Language = 'en'): Series[] => {
  const pick = (key: 'loss' | 'validationLoss') =>
    records.flatMap((record): Point[] => {
      const value = record[key]
      return value === undefined ? [] : [[record.step, value]]
    })
  const { training, validation } = messages[language]
  return [
    { name: training, points: pick('loss'), noisy: true },
    { name: validation, points: pick('validationLoss') },
  ].filter(({ points }) => points.length > 0)
}

export type Range = readonly [low: number, high: number]

/** The ranges of the axes: all steps, and all values but rare spikes, which leave the top. */
export const rangesOf = (series: readonly Series[]): { steps: Range; values: Range } => {
  const finite = series.map(({ points }) => points.filter(([, value]) => Number.isFinite(value)))
  const steps = finite.flatMap((points) => points.map(([step]) => step)).sort((a, b) => a - b)
  const values = finite.flatMap((points) => points.map(([, value]) => value)).sort((a, b) => a - b)
  const starts = finite.map((points) => points[0]?.[1] ?? -Infinity)
  const last = steps.at(-1) ?? 1
  const start = steps[0] ?? 0
  const first = start < last / 20 ? 0 : start
  const low = values[0] ?? 0
  const high = Math.max(values[Math.floor(values.length * 0.99)] ?? 1, ...starts)
  const margin = (high - low || Math.abs(high) || 1) * 0.04
  return {
    steps: [first, Math.max(first + 1, last)],
    values: [low - margin, high + margin],
  }
}

/**
 * The course of a noisy line: at most 200 points, each the median of about a fiftieth of all around
 * it, which neither lags behind nor follows single spikes.
 */
export const smooth = (points: readonly Point[]): Point[] => {
  const reach = Math.floor(points.length / 100)
  const count = Math.min(points.length, 200)
  return Array.from({ length: count }, (_, i): Point => {
    const center = Math.round((i * (points.length - 1)) / Math.max(1, count - 1))
    const [step, value] = points[center] as Point
    if (!Number.isFinite(value)) return [step, value]
    // Narrower at the start, where a loss falls steeply and one side would tip the median.
    const before = Math.min(reach, center)
    const after = center < reach ? before : reach
    const around = points
      .slice(center - before, center + after + 1)
      .map(([, value]) => value)
      .filter(Number.isFinite)
      .sort((a, b) => a - b)
    return [step, around[around.length >> 1] as number]
  })
}

/**
 * Round numbers within [low, high], at most `count` (2 or more), 1, 2 or 5 times a power of ten
 * apart: what a reader expects on an axis.
 */
export const roundTicks = (low: number, high: number, count: number): number[] => {
  if (!(high > low && Number.isFinite(high - low))) return []
  const spacing = roundSpacing(low, high, count)
  const ticks: number[] = []
  for (let i = Math.ceil(low / spacing - 1e-9); i * spacing <= high + spacing * 1e-9; i++) {
    // Through decimal digits, so that three times 0.1 is 0.3.
    ticks.push(Number((i * spacing).toPrecision(12)))
  }
  return ticks
}

const roundSpacing = (low: number, high: number, count: number): number => {
  const fits = (spacing: number) =>
    Math.floor(high / spacing + 1e-9) - Math.ceil(low / spacing - 1e-9) + 1 <= count
  for (let power = Math.floor(Math.log10((high - low) / count)); ; power++) {
    for (const digit of [1, 2, 5]) {
      const spacing = Number(`${digit}e${power}`)
      if (fits(spacing)) return spacing
    }
  }
}

/** Ticks as text, all with as many decimals as the closest two need; 20k for 20,000. */
export const formatTicks = (ticks: readonly number[]): string[] => {
  const spacing = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0)) || 1
  const largest = Math.max(...ticks.map(Math.abs))
  const power = (value: number) => Math.floor(Math.log10(value) + 1e-9)
  if (largest >= 1e9 || spacing < 1e-6) {
    return ticks.map((tick) => tick.toExponential(Math.max(0, power(largest) - power(spacing))))
  }
  const [unit, suffix] = largest >= 1e6 ? [1e6, 'M'] : largest >= 1e4 ? [1e3, 'k'] : [1, '']
  const decimals = Math.max(0, -power(spacing / unit))
  return ticks.map((tick) => (tick === 0 ? '0' : `${(tick / unit).toFixed(decimals)}${suffix}`))
}
