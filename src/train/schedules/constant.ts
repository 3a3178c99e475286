import { type Schedule, type ScheduleOptions, withWarmup } from './schedule.ts'

/** Linear warm-up, then `peak` for good. */
export const constant = (options: Pick<ScheduleOptions, 'peak' | 'warmup'>): Schedule =>
  withWarmup(options, () => options.peak)
