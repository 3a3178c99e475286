import { z } from 'zod'
import { validationData } from '../data/sources/reading-options.ts'
import { positiveNumber } from '../options.ts'
import { type OnResume, TRAINING_ON_RESUME } from '../train/on-resume.ts'
import { dropoutRate, trainingOptions } from '../train/options.ts'

export const tuneOptions = trainingOptions.extend({
  /** Folder of the model to start from. */
  model: z.string().min(1),
  /** JSONL or JSON files of conversations: OpenAI-style messages, or Alpaca-style instructions. */
  data: z.array(z.string().min(1)).min(1),
  /** The share of the conversations that is kept for validation; or files of their own. */
  val: validationData,
  /** A file with the chat template to learn and to save, or `chatml`; default: the model's own. */
  chatTemplate: z.string().min(1).optional(),
  /** Longest conversation, in tokens; default: the model's context. */
  context: z.number().int().min(2).optional(),
  dropout: dropoutRate.default(0),
  /** What is learned: the whole model, or a small adapter beside it. */
  adapter: z.enum(['none', 'lora']).default('none'),
  rank: z.number().int().min(1).default(8),
  /** How much the adapter counts; default: twice its rank. */
  alpha: positiveNumber.optional(),
  /** Share of what the adapter reads that is left out at random. */
  adapterDropout: dropoutRate.default(0),
  /** Names of layers, one regular expression of whole names, or `all-linear`. */
  adapterLayers: z.array(z.string().min(1)).min(1).default(['all-linear']),
  /**
   * Bits that the matrices under the adapter are held in (Dettmers et al. 2023); default: all 32.
   */
  baseBits: z.literal([4, 8]).optional(),
  /** Divides `alpha` by the root of the rank instead of the rank. */
  rslora: z.boolean().default(false),
})

export type TuneOptions = z.input<typeof tuneOptions>
export type ParsedTuneOptions = z.output<typeof tuneOptions>

export const TUNE_ON_RESUME = {
  ...TRAINING_ON_RESUME,
  model: 'fixed',
  data: 'derived',
  val: 'derived',
  chatTemplate: 'derived',
  context: 'derived',
  dropout: 'derived',
  adapter: 'fixed',
  rank: 'derived',
  alpha: 'derived',
  adapterDropout: 'derived',
  adapterLayers: 'derived',
  baseBits: 'derived',
  rslora: 'derived',
} as const satisfies Record<keyof ParsedTuneOptions, OnResume>
