import { classify, regress } from './classify.ts'
import { completion } from './completion.ts'
import { embed } from './embed.ts'
import { seq2seq } from './seq2seq.ts'
import { tag } from './tag.ts'
import type { RecordTask } from './task.ts'

/** Tasks whose data are records, by the name that the command line takes. */
export const RECORD_TASKS = { classify, regress, tag, embed, seq2seq, completion } as const

export type RecordTaskName = keyof typeof RECORD_TASKS

/** Each task has records of a form of its own, which only it looks at. */
export const recordTask = (name: RecordTaskName): RecordTask<unknown> =>
  RECORD_TASKS[name] as RecordTask<unknown>

/** All that `train` can do: also the next token of a text, and masked ones. */
export const TASKS = ['lm', 'mlm', ...Object.keys(RECORD_TASKS)] as (
  | 'lm'
  | 'mlm'
  | RecordTaskName
)[]

export type TaskName = (typeof TASKS)[number]
