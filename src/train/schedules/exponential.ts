import { UserError } from '../../errors.ts'
import { progress, type Schedule, type ScheduleOptions, withWarmup } from './schedule.ts'

/**
 * Linear warm-up, then every step the same fraction lower, from `peak` to `floor` at `total`.
 * Throws UserError when `floor` is not positive: no fraction leads there.
 */
export const exponential = (options: ScheduleOptions): Schedule => {
  const { peak, floor, warmup, total } = options
  if (!(floor > 0)) {
    throw new UserError(
      `the exponential schedule never reaches a lowest rate of ${floor}; give one above 0`,
    )
  }
  return withWarmup(options, (step) => peak * (floor / peak) ** progress(step, warmup, total))
}
