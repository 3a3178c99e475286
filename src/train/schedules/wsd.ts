import { mix, progress, type Schedule, type ScheduleOptions, withWarmup } from './schedule.ts'

export interface WsdOptions extends ScheduleOptions {
  /** The part of `total` that decays, at its end. */
  decay?: number
}

/**
 * Warm-up, stable, decay (Hu et al. 2024, MiniCPM): `peak` until the last `decay` of all steps,
 * then a straight line to `floor`. A run can be prolonged from any point of the stable part.
 */
export const wsd = (options: WsdOptions): Schedule => {
  const { peak, floor, warmup, total, decay = 0.2 } = options
  const from = Math.max(warmup, total - Math.round(decay * total))
  return withWarmup(options, (step) => mix(peak, floor, progress(step, from, total)))
}
