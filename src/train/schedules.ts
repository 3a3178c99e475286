import { UserError } from '../errors.ts'

/** Learning rate of an update; steps count from 0. */
export type Schedule = (step: number) => number

/** What every schedule needs. Rates are of the optimizer's own unit, times are in steps. */
export interface ScheduleOptions {
  /** The highest rate, reached when the warm-up ends. */
  peak: number
  /** The lowest rate, kept after the end. */
  floor: number
  /** Steps of linear warm-up, part of `total`. */
  warmup: number
  /** Steps of the whole training. */
  total: number
}

/** Linear warm-up, then `peak` for good. */
const constant = (options: Pick<ScheduleOptions, 'peak' | 'warmup'>): Schedule =>
  withWarmup(options, () => options.peak)

/** Linear warm-up, then a straight line from `peak` to `floor` at `total`. */
const linear = (options: ScheduleOptions): Schedule => {
  const { peak, floor, warmup, total } = options
  return withWarmup(options, (step) => mix(peak, floor, progress(step, warmup, total)))
}

/**
 * Linear warm-up, then half a cosine from `peak` to `floor` at `total` (Loshchilov & Hutter 2017).
 */
const cosine = (options: ScheduleOptions): Schedule => {
  const { peak, floor, warmup, total } = options
  return withWarmup(options, (step) => {
    const share = 0.5 * (1 + Math.cos(Math.PI * progress(step, warmup, total)))
    return floor + share * (peak - floor)
  })
}

/**
 * Linear warm-up, then every step the same fraction lower, from `peak` to `floor` at `total`.
 * Throws UserError when `floor` is not positive: no fraction leads there.
 */
const exponential = (options: ScheduleOptions): Schedule => {
  const { peak, floor, warmup, total } = options
  if (!(floor > 0))
    throw new UserError(
      `the exponential schedule never reaches a lowest rate of ${floor}; give one above 0`,
    )
  return withWarmup(options, (step) => peak * (floor / peak) ** progress(step, warmup, total))
}

/**
 * Linear warm-up, then `peak`, times `factor` (default: a half) `every` so many steps (default: a
 * quarter of those after the warm-up), down to `floor`.
 */
const step = (options: ScheduleOptions & { factor?: number; every?: number }): Schedule => {
  const { peak, floor, warmup, total, factor = 0.5 } = options
  const every = options.every ?? Math.max(1, Math.ceil((total - warmup) / 4))
  return withWarmup(options, (step) =>
    Math.max(floor, peak * factor ** Math.floor((step - warmup) / every)),
  )
}

/**
 * Warm-up, stable, decay (Hu et al. 2024, MiniCPM): `peak` until the last `decay` of all steps
 * (default: a fifth), then a straight line to `floor`. A run can be prolonged from any point of the
 * stable part.
 */
const wsd = (options: ScheduleOptions & { decay?: number }): Schedule => {
  const { peak, floor, warmup, total, decay = 0.2 } = options
  const from = Math.max(warmup, total - Math.round(decay * total))
  return withWarmup(options, (step) => mix(peak, floor, progress(step, from, total)))
}

/** Every learning-rate schedule, by the name it has on the command line. */
export const schedules = { constant, linear, cosine, exponential, step, wsd }

export type ScheduleName = keyof typeof schedules

/**
 * Linear warm-up to `peak`, then `after`. The rate of step s is peak * (s + 1) / (warmup + 1), as
 * in nanoGPT: no step is wasted on a rate of zero, and the first step after it has the peak.
 */
function withWarmup(
  { peak, warmup }: Pick<ScheduleOptions, 'peak' | 'warmup'>,
  after: Schedule,
): Schedule {
  return (step) => (step < warmup ? (peak * (step + 1)) / (warmup + 1) : after(step))
}

/** The part of the way from `from` to `to` done at `step`, between 0 and 1. */
const progress = (step: number, from: number, to: number): number =>
  step >= to ? 1 : Math.max(0, (step - from) / (to - from))

/** The straight line between two rates; exact at both ends. */
const mix = (from: number, to: number, share: number): number => from * (1 - share) + to * share
