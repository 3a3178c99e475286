import { z } from 'zod'
import { positiveNumber, resumedAs } from '../options.ts'
import type { Values } from '../tasks/task.ts'
import { dropoutRate, trainingOptions } from '../train/options.ts'
import { METHOD_NAMES, type METHODS, methodShape } from './methods.ts'

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

/** Options of `tune` for every method; the method adds its own. */
export const commonTuneOptions = trainingOptions.extend({
  ...resumedAs('fixed', {
    /** How the model is taught. */
    method: z.enum(METHOD_NAMES).default('sft'),
    /** Folder of the model to start from. */
    model: z.string().min(1),
    /** What is learned: the whole model, or a small adapter beside it. */
    adapter: z.enum(['none', 'lora']).default('none'),
  }),
  ...resumedAs('derived', { dropout: dropoutRate.default(0) }),
  ...adapterOptions,
})

/** Options of `tune`, those of all methods. */
export const tuneOptions = commonTuneOptions.extend(methodShape)

export type TuneOptions = z.input<typeof tuneOptions>
/** The options of other methods than the one that is used are undefined; all take a template. */
export type ParsedTuneOptions = z.output<typeof commonTuneOptions> &
  Pick<Values<typeof METHODS.sft.task.options>, 'chatTemplate'>
