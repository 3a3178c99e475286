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

/**
 * Linear warm-up to `peak`, then `after`. The rate of step s is peak * (s + 1) / (warmup + 1), as
 * in nanoGPT: no step is wasted on a rate of zero, and the first step after it has the peak.
 */
export const withWarmup =
  ({ peak, warmup }: Pick<ScheduleOptions, 'peak' | 'warmup'>, after: Schedule): Schedule =>
  (step) =>
    step < warmup ? (peak * (step + 1)) / (warmup + 1) : after(step)

/** The part of the way from `from` to `to` done at `step`, between 0 and 1. */
export const progress = (step: number, from: number, to: number): number =>
  step >= to ? 1 : Math.max(0, (step - from) / (to - from))

/** The straight line between two rates; exact at both ends. */
export const mix = (from: number, to: number, share: number): number =>
  from * (1 - share) + to * share
