import { z } from 'zod'
import { INITIALIZATIONS, type Initialization } from '../../nn/index.ts'
import { amount, positiveNumber, resumedAs } from '../../options.ts'
import { TASK_NAMES, type TaskName, trainingShape } from '../../tasks/index.ts'
import { newModelOptions, trainingOptions } from '../../train/options.ts'

const { layers, dim, heads, kvHeads, hiddenDim, dropout, feedForwardDropout } = newModelOptions

/** Tasks of which no target says what a teacher would: the loss compares whole texts. */
const UNTAUGHT = ['embed', 'reward'] as const

export const isUntaught = (name: TaskName): boolean => UNTAUGHT.some((other) => other === name)

/** Tasks whose models can be teachers. */
export const TAUGHT = TASK_NAMES.filter((name) => !isUntaught(name)) as Exclude<
  TaskName,
  (typeof UNTAUGHT)[number]
>[]

/** Sizes of a new student, whose architecture is otherwise the teacher's. */
export const sizeOptions = { layers, dim, heads, kvHeads, hiddenDim }

/** Options of `distill` for every task; the task adds its own. */
export const commonDistillOptions = trainingOptions.extend({
  ...resumedAs('fixed', {
    /** Folders of models to learn from; of several, the mean of their probabilities. */
    teacher: z.array(z.string().min(1)).min(1),
    /** Default: what the teacher was made for, and of a decoder the next token. */
    task: z.enum(TAUGHT).optional(),
    /** Folder of a model to train further; default: a new one. */
    student: z.string().min(1).optional(),
    /** A new student begins with embeddings, head and evenly spaced layers of the teacher. */
    initFromTeacher: z.boolean().default(false),
    init: z.enum(Object.keys(INITIALIZATIONS) as [Initialization, ...Initialization[]]).optional(),
    /** Divides logits of teacher and student. */
    temperature: positiveNumber.default(2),
    /** Share of the labels' loss, see `DistillationOptions`. */
    labelWeight: z.number().min(0).max(1).default(0.5),
    divergence: z.enum(['forward', 'reverse']).default('forward'),
    /**
     * `kept`: computed once for all rows, and read from the run's folder; `live`: computed with
     * each step. Default: kept where rows come back, and no hidden states are compared.
     */
    outputs: z.enum(['kept', 'live']).optional(),
    /** Classes of each target that are kept; all others are one class. */
    topK: z.number().int().min(1).default(32),
    /** Weight of the loss of hidden states; 0: none. */
    hiddenWeight: amount.default(0),
    hiddenLoss: z.enum(['cosine', 'mse']).default('cosine'),
    /** Layers, from 1: `STUDENT:TEACHER`; default: each of the student's, evenly spaced. */
    layerMap: z
      .array(z.string().regex(/^[1-9]\d*:[1-9]\d*$/, 'expected STUDENT:TEACHER, such as 2:4'))
      .min(1)
      .optional(),
    /** Texts that the teacher writes, on which the student learns in place of the data. */
    generate: z.number().int().min(1).optional(),
    /** Of those texts; default: 0, the likeliest, and 1 for plain text. */
    generateTemperature: z.number().min(0).optional(),
  }),
  ...sizeOptions,
  dropout,
  feedForwardDropout,
})

/** Options of `distill`, those of all tasks. */
export const distillOptions = commonDistillOptions.extend(trainingShape(TAUGHT))

export type DistillOptions = z.input<typeof distillOptions>
/** The options of other tasks than the one that is distilled are undefined. */
export type ParsedDistillOptions = z.output<typeof commonDistillOptions>
