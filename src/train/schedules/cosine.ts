import { progress, type Schedule, type ScheduleOptions, withWarmup } from './schedule.ts'

/**
 * Linear warm-up, then half a cosine from `peak` to `floor` at `total` (Loshchilov & Hutter 2017).
 */
export const cosine = (options: ScheduleOptions): Schedule => {
  const { peak, floor, warmup, total } = options
  return withWarmup(options, (step) => {
    const share = 0.5 * (1 + Math.cos(Math.PI * progress(step, warmup, total)))
    return floor + share * (peak - floor)
  })
}
