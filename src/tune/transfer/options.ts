import { z } from 'zod'
import { dropoutRate, trainingOptions } from '../../train/options.ts'
import { STRATEGY_NAMES } from './strategies.ts'
import { VARIED_NAMES } from './variants.ts'

/** What is set for each run, or has no meaning for several. */
const OF_RUNS = {
  data: true,
  val: true,
  weights: true,
  shuffle: true,
  resume: true,
  keep: true,
  average: true,
  seed: true,
  learn: true,
  freeze: true,
} as const

/** Options of each run, which a task may set for itself. */
export const runOptions = trainingOptions.omit(OF_RUNS).extend({
  /** Default: the base's own. */
  dropout: dropoutRate.optional(),
})

export const transferOptions = runOptions.extend({
  /** Folder of the base. */
  model: z.string().min(1),
  /** JSON file with a list of tasks and domains: see `Target`. */
  tasks: z.string().min(1),
  /** How a task is learned from a source. */
  strategy: z.array(z.enum(STRATEGY_NAMES)).min(1).default(['full']),
  /** What the matrix is measured without and with. */
  vary: z.array(z.enum(VARIED_NAMES)).default([]),
  /** Share of rows that `replay` takes from what the base knows. */
  replayShare: z.number().gt(0).lt(1).optional(),
  /** Every run is made with each of them. */
  seeds: z.array(z.number().int().min(0)).min(1).default([1]),
  /** Of the report. */
  language: z.enum(['en', 'zh']).optional(),
})

export type TransferOptions = z.input<typeof transferOptions>
export type ParsedTransferOptions = z.output<typeof transferOptions>
export type RunOptions = Omit<z.input<typeof runOptions>, 'out'>
