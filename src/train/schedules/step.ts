import { type Schedule, type ScheduleOptions, withWarmup } from './schedule.ts'

export interface StepOptions extends ScheduleOptions {
  /** The rate is multiplied by this at each drop. */
  factor?: number
  /** Steps between drops; by default a quarter of the steps after the warm-up. */
  every?: number
}

/** Linear warm-up, then `peak`, halved (or times `factor`) every so many steps, down to `floor`. */
export const step = (options: StepOptions): Schedule => {
  const { peak, floor, warmup, total, factor = 0.5 } = options
  const every = options.every ?? Math.max(1, Math.ceil((total - warmup) / 4))
  return withWarmup(options, (step) =>
    Math.max(floor, peak * factor ** Math.floor((step - warmup) / every)),
  )
}
