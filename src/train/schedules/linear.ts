import { mix, progress, type Schedule, type ScheduleOptions, withWarmup } from './schedule.ts'

/** Linear warm-up, then a straight line from `peak` to `floor` at `total`. */
export const linear = (options: ScheduleOptions): Schedule => {
  const { peak, floor, warmup, total } = options
  return withWarmup(options, (step) => mix(peak, floor, progress(step, warmup, total)))
}
