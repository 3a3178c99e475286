import { z } from 'zod'
import { checkHead } from './decoder-config.ts'
import { headSchema } from './head-config.ts'
import { checkStack, stackSchema } from './stack-config.ts'

/** Architecture of an encoder-only Transformer. */
export const encoderSchema = stackSchema.extend({
  kind: z.literal('encoder').default('encoder'),
  head: headSchema,
})

export type EncoderConfig = z.output<typeof encoderSchema>

export type EncoderSizes = Pick<
  EncoderConfig,
  'vocabSize' | 'context' | 'layers' | 'dim' | 'heads'
> &
  Partial<EncoderConfig>

/** BERT (Devlin et al. 2019): learned positions and token types, norms after each sum, GELU. */
export const bertConfig = (sizes: EncoderSizes): EncoderConfig => ({
  kind: 'encoder',
  tokenTypes: 2,
  embeddingScale: 1,
  embeddingNorm: true,
  positionOffset: 0,
  kvHeads: sizes.heads,
  headDim: sizes.dim / sizes.heads,
  hiddenDim: 4 * sizes.dim,
  positions: 'learned',
  ropeTheta: 10_000,
  buckets: { count: 32, maxDistance: 128 },
  norm: 'layer',
  normEpsilon: 1e-12,
  normBias: true,
  normPosition: 'post',
  firstNorm: true,
  activation: 'gelu',
  gated: false,
  feedForwardBias: true,
  attentionBias: 'all',
  qkNorm: false,
  sinks: false,
  embeddingDropout: 0,
  attentionDropout: 0,
  residualDropout: 0,
  feedForwardDropout: 0,
  stochasticDepth: 0,
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
