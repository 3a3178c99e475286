import { z } from 'zod'
import { ACTIVATIONS, type Activation } from '../nn/index.ts'

/** What a body's hidden states are used for, besides the next token. */
export const headSchema = z.strictObject({
  /**
   * `mlm`: masked tokens; `classify`: one label for a text; `regress`: one number; `tag`:
   * a label for each word; `embed`: a vector.
   */
  task: z.enum(['mlm', 'classify', 'regress', 'tag', 'embed']),
  /** Of `classify` and `tag`; of `regress` at most one, what the number is: see `REWARD`. */
  labels: z.array(z.string()).default([]),
  /** Where one vector stands for a text: that of its first or last token, or the mean of all. */
  pooling: z.enum(['first', 'last', 'mean']).default('first'),
  /** A layer as wide as the model before the output, with this activation. */
  dense: z.enum(Object.keys(ACTIVATIONS) as [Activation, ...Activation[]]).optional(),
  denseBias: z.boolean().default(true),
  /** A norm behind that layer. */
  norm: z.boolean().default(false),
  outputBias: z.boolean().default(true),
  /** `embed`: vectors have length 1. */
  normalized: z.boolean().default(true),
  /**
   * `embed`: tokens of a text, special ones included, behind which it is cut; default: the model's
   * context.
   */
  maxTokens: z.number().int().min(1).optional(),
  /** `embed`: what a text is preceded by. */
  prompts: z
    .strictObject({
      /** By name. */
      texts: z.record(z.string(), z.string()),
      /** The name of the one that texts get for which none is asked. */
      default: z.string().optional(),
      /** False: the mean of a text's tokens leaves out those of the prompt. */
      pooled: z.boolean(),
    })
    .optional(),
})

/** The label of a number that says how good a conversation is. */
export const REWARD = 'reward'

export type HeadConfig = z.output<typeof headSchema>
export type Task = HeadConfig['task']

/**
 * Numbers that the head gives for each text, word or token; undefined: as many as the vocabulary
 * has.
 */
export function outputsOf({ task, labels }: HeadConfig): number | undefined {
  if (task === 'mlm' || task === 'embed') return undefined
  return task === 'regress' ? 1 : labels.length
}
