import { z } from 'zod'
import { positiveNumber, resumedAs } from '../options.ts'
import { trainingShape } from '../tasks/index.ts'
import { dropoutRate, trainingOptions } from '../train/options.ts'

/** Options of an adapter, which cannot be given without one. */
export const adapterOptions = resumedAs('derived', {
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
  /** Divides `alpha` by the root of the rank instead of the rank (Kalajdzievski 2023). */
  rslora: z.boolean().default(false),
})

export const tuneOptions = trainingOptions.extend({
  ...trainingShape(['chat']),
  ...resumedAs('fixed', {
    /** Folder of the model to start from. */
    model: z.string().min(1),
    /** What is learned: the whole model, or a small adapter beside it. */
    adapter: z.enum(['none', 'lora']).default('none'),
  }),
  ...resumedAs('derived', { dropout: dropoutRate.default(0) }),
  ...adapterOptions,
})

export type TuneOptions = z.input<typeof tuneOptions>
export type ParsedTuneOptions = z.output<typeof tuneOptions>
