import { constant } from './constant.ts'
import { cosine } from './cosine.ts'
import { exponential } from './exponential.ts'
import { linear } from './linear.ts'
import { step } from './step.ts'
import { wsd } from './wsd.ts'

export type { Schedule, ScheduleOptions } from './schedule.ts'

/** Every learning-rate schedule, by the name it has on the command line. */
export const schedules = { constant, linear, cosine, exponential, step, wsd }

export type ScheduleName = keyof typeof schedules
