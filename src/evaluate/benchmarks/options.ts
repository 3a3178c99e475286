import { z } from 'zod'
import { engineOptions } from '../../runtime/options.ts'
import { outcomeOptions } from '../outcome.ts'

export const benchmarkOptions = z.strictObject({
  /** Folder of the model. */
  model: z.string().min(1),
  /** Folders of LoRA adapters that it is measured with. */
  adapter: z.array(z.string().min(1)).default([]),
  /** Names of benchmarks, or files of the user's questions; also separated by commas. */
  benchmark: z.array(z.string().min(1)).min(1),
  /** Folder of their files: one in which each has a folder of its name, or that of a single one. */
  benchmarkDir: z.string().min(1).optional(),
  /** Questions of each, evenly from all; default: all. */
  limit: z.number().int().min(1).optional(),
  /** Solved examples before each question; default: those that the benchmark is known with. */
  fewShot: z.number().int().min(0).optional(),
  /** Draws the examples; default: 1. */
  seed: z.number().int().min(0).optional(),
  /** Asks as a user's message that the assistant answers. */
  asChat: z.boolean().default(false),
  /** File of a chat template to use instead of the model's own, or `chatml`. */
  chatTemplate: z.string().min(1).optional(),
  /** Longest answer that the model writes, in tokens; default: 256. */
  maxTokens: z.number().int().min(1).optional(),
  /** `out` has a folder for each benchmark, in which an interrupted run resumes. */
  ...outcomeOptions,
  ...engineOptions,
})

export type BenchmarkOptions = z.input<typeof benchmarkOptions>
