import { z } from 'zod'
import { augmentOptions } from '../data/augment/options.ts'
import { readingOptions, validationData } from '../data/sources/reading-options.ts'
import { ARCHITECTURES } from '../models/architectures.ts'
import { norms, POSITIONS } from '../models/stack-config.ts'
import { ACTIVATIONS, INITIALIZATIONS, type Initialization } from '../nn/index.ts'
import { amount, positiveNumber, resumedAs } from '../options.ts'
import { engineOptions } from '../runtime/options.ts'
import { TASK_NAMES, type TaskName, trainingShape } from '../tasks/index.ts'
import { OPTIMIZERS, type OptimizerName } from './optimizers/index.ts'
import { DECAY_REACHES } from './parameter-groups.ts'
import { type ScheduleName, schedules } from './schedules.ts'

const names = <T extends string>(record: Record<T, unknown>) =>
  z.enum(Object.keys(record) as [T, ...T[]])
const count = z.number().int().min(1)
/** Tokens of the longest context that can be asked for. */
const LONGEST = 2 ** 20
/** Layers and experts of the largest model: each is an object before it is memory. */
const MOST = 1024
const share = z.number().min(0).lt(1)
const patterns = z.array(z.string().min(1)).min(1)
/** Random numbers are drawn to 1 in 2029: a smaller rate would be another than was asked for. */
export const dropoutRate = z
  .number()
  .min(0)
  .refine((rate) => rate === 0 || (rate >= 5e-4 && rate <= 0.999), 'expected 0, or 0.0005 to 0.999')

/**
 * Options of every training; CLI flags and configuration keys have these names. They are grouped by
 * what happens when a training resumes with another value: see `OnResume`.
 */
export const trainingOptions = z.strictObject({
  ...resumedAs('free', {
    /** Folder of the result. */
    out: z.string().min(1),
    /** Resumes from the newest checkpoint in `out`. */
    resume: z.boolean().default(false),
  }),
  // Their product is the rows of a step, in which steps and positions in the data are counted.
  ...resumedAs('derived', {
    /** Sequences of a step, before accumulation. */
    batch: count.optional(),
    /** Batches whose gradients add up to one step. */
    accumulate: count.default(1),
  }),
  // The state in the checkpoint was made by these.
  ...resumedAs('fixed', {
    optimizer: names<OptimizerName>(OPTIMIZERS).default('adamw'),
    beta1: share.optional(),
    beta2: share.default(0.99),
    /** Decay of a moving average of the weights, saved beside them; 0 is none. */
    average: share.default(0),
    seed: z.number().int().min(0).default(1),
    /** Names of the parameters that are learned, with `*` for anything; default: all. */
    learn: patterns.optional(),
    /** Of those that are not. */
    freeze: patterns.optional(),
  }),
  ...resumedAs('changeable', {
    /** Of the sources of `data`, whose rows are mixed: shares are proportional to the weights. */
    weights: z.array(positiveNumber).min(1).optional(),
    steps: count.optional(),
    epochs: z.number().gt(0).max(1e6).optional(),
    /** Trains for about so long: steps follow from the measured speed. */
    seconds: z.number().gt(0).max(1e9).optional(),
    lr: positiveNumber.optional(),
    /** Default: a tenth of `lr`. */
    minLr: amount.optional(),
    schedule: names<ScheduleName>(schedules).default('cosine'),
    /** Steps of warm-up; default: a twentieth of all. */
    warmup: z.number().int().min(0).optional(),
    /** Limit of the gradient; 0 is none. */
    clip: amount.default(1),
    clipBy: z.enum(['norm', 'value', 'adaptive']).default('norm'),
    weightDecay: amount.default(0.1),
    /** What weight decay, `l1` and `l2` reach. */
    decay: z.enum(DECAY_REACHES).default('matrices'),
    l1: amount.default(0),
    l2: amount.default(0),
    /** Steps between validations, each with a checkpoint; default: a tenth of all. */
    evalEvery: count.optional(),
    /** Validations without a new best after which training stops. */
    patience: count.optional(),
    onSpike: z.enum(['report', 'rollback', 'stop']).default('report'),
    /** Checkpoints that are kept. */
    keep: count.default(2),
    /** Computes the layers again in the backward pass instead of keeping what they made. */
    recompute: z.boolean().default(false),
    ...engineOptions,
  }),
  ...resumedAs('derived', {
    /** Files, folders, globs, `-`, `npm:<package>[/path]`. */
    data: z.array(z.string().min(1)).min(1),
    /** The share of the data that is kept for validation; or sources of their own. */
    val: validationData,
    /** Draws the share for validation at random, by `seed`; false takes the end of the data. */
    shuffle: z.boolean().default(true),
    ...readingOptions,
    /** Tokens of the longest row. */
    context: count.max(LONGEST).optional(),
  }),
  ...augmentOptions,
})

/** Options of a new model, which cannot be given for one that is trained further. */
export const newModelOptions = {
  ...resumedAs('derived', {
    /** `char`, `bpe` (default), or a folder or file with a tokenizer.json. */
    tokenizer: z.string().min(1).optional(),
    /** Default: by the task. */
    architecture: z.enum(ARCHITECTURES).optional(),
    depth: count.max(MOST).optional(),
    layers: count.max(MOST).optional(),
    heads: count.optional(),
    kvHeads: count.optional(),
    dim: count.optional(),
    hiddenDim: count.optional(),
    positions: z.enum(POSITIONS).optional(),
    window: count.optional(),
    /** `untied`: the output has a matrix of its own. Default: by the architecture. */
    output: z.enum(['tied', 'untied']).optional(),
    /** Default: by the architecture. */
    activation: names(ACTIVATIONS).optional(),
    /** Base of the wavelengths of rotary positions; default: by the architecture. */
    ropeTheta: z.number().gt(0).optional(),
    norm: norms.optional(),
    /** `none`: layers of attention alone. */
    feedForward: z.enum(['none']).optional(),
    experts: count.max(MOST).optional(),
    expertsPerToken: count.optional(),
    /** Default: 0. */
    dropout: dropoutRate.optional(),
    /** Of what the activation gives; default: 0. */
    feedForwardDropout: dropoutRate.optional(),
  }),
  ...resumedAs('fixed', {
    /** Size of a BPE vocabulary that is trained; default by the size of the text. */
    vocab: count.optional(),
    /** What matrices start as; default: `lecun`. */
    init: names<Initialization>(INITIALIZATIONS).optional(),
  }),
}

/** Tasks that a model can begin with; conversations are learned by `tune`. */
export const TRAINED = TASK_NAMES.filter((name) => name !== 'chat') as Exclude<TaskName, 'chat'>[]

/** Options of `train` for every task; the task adds its own. */
export const commonOptions = trainingOptions.extend({
  ...resumedAs('fixed', {
    /** What is learned. */
    task: z.enum(TRAINED).default('lm'),
    /** Folder of a model whose body is trained further, under a head for this task. */
    model: z.string().min(1).optional(),
  }),
  ...newModelOptions,
})

/** Options of `train`, those of all tasks. */
export const trainOptions = commonOptions.extend(trainingShape(TRAINED))

export type TrainingOptions = z.output<typeof trainingOptions>
export type TrainOptions = z.input<typeof trainOptions>
/** The options of other tasks than the one that is trained are undefined. */
export type ParsedTrainOptions = z.output<typeof commonOptions>
