import { z } from 'zod'
import { checkHead } from './decoder-config.ts'
import { headSchema } from './head-config.ts'
import { checkStack, plainStack, type StackSizes, stackSchema } from './stack-config.ts'

/** Architecture of an encoder-only Transformer. */
export const encoderSchema = stackSchema.extend({
  kind: z.literal('encoder').default('encoder'),
  head: headSchema,
})

export type EncoderConfig = z.output<typeof encoderSchema>

export type EncoderSizes = StackSizes & Partial<EncoderConfig>

/** BERT (Devlin et al. 2019): learned positions and token types, norms after each sum, GELU. */
export const bertConfig = (sizes: EncoderSizes): EncoderConfig => ({
  kind: 'encoder',
  ...plainStack(sizes),
  tokenTypes: 2,
  embeddingNorm: true,
  normEpsilon: 1e-12,
  normPosition: 'post',
  activation: 'gelu',
  head: bertHead('mlm'),
  ...sizes,
})

/**
 * ModernBERT (Warner et al. 2024): rotary positions, norms before each part, GeGLU, local
 * attention.
 */
export const modernBertConfig = (sizes: EncoderSizes): EncoderConfig => ({
  ...bertConfig(sizes),
  tokenTypes: 0,
  hiddenDim: 32 * Math.ceil((3 * sizes.dim) / 2 / 32),
  positions: 'rotary',
  ropeTheta: 160_000,
  windowRopeTheta: 10_000,
  ...(sizes.layers > 1 && {
    window: 65,
    windowed: Array.from({ length: sizes.layers }, (_, i) => i % 3 !== 0),
  }),
  normEpsilon: 1e-5,
  normBias: false,
  normPosition: 'pre',
  firstNorm: false,
  gated: true,
  feedForwardBias: false,
  attentionBias: 'none',
  head: modernBertHead('mlm'),
  ...sizes,
})

type Head = EncoderConfig['head']
type Task = Head['task']

const plain = { labels: [], pooling: 'first', normalized: true, denseBias: true } as const

/** The heads that BERT has for each task. */
export function bertHead(task: Task, labels: string[] = []): Head {
  const head = { ...plain, task, labels, norm: task === 'mlm', outputBias: true }
  if (task === 'mlm') return { ...head, dense: 'gelu' }
  if (task === 'tag') return head
  if (task === 'embed') return { ...head, pooling: 'mean' }
  return { ...head, dense: 'tanh' }
}

/** Those of ModernBERT: a layer with a norm before every output. */
export function modernBertHead(task: Task, labels: string[] = []): Head {
  const head = { ...bertHead(task, labels), denseBias: false }
  return task === 'embed' ? head : { ...head, dense: 'gelu', norm: true }
}

/** Throws UserError with the option at fault where sizes do not go together. */
export function checkEncoder(config: EncoderConfig): EncoderConfig {
  checkStack(config)
  checkHead(config.head)
  return config
}
