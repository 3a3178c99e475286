import { z } from 'zod'
import { UserError } from '../errors.ts'
import { ACTIVATIONS, type Activation } from '../nn/index.ts'

const count = z.number().int().min(1)
const positive = z.number().gt(0)
const rate = z.number().min(0).lt(1).default(0)

const ropeScaling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('linear'), factor: positive }),
  z.strictObject({ kind: z.literal('dynamic'), factor: positive, original: count }),
  z.strictObject({
    kind: z.literal('yarn'),
    factor: positive,
    original: count,
    betaFast: positive,
    betaSlow: positive,
    attentionFactor: positive.optional(),
    truncate: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor: positive,
    original: count,
    low: positive,
    high: positive,
  }),
])

/** Positions, each a choice of any architecture. */
export const POSITIONS = ['none', 'sinusoidal', 'learned', 'rotary', 'alibi', 'buckets'] as const

export const norms = z.enum(['layer', 'rms', 'none'])

/** Architecture of a stack of Transformer layers, from token ids on: every choice is one option. */
export const stackSchema = z.strictObject({
  vocabSize: count,
  /** Longest sequence, in tokens. */
  context: count,
  /** Kinds of tokens, such as those of a first and a second sentence; 0: none. */
  tokenTypes: z.number().int().min(0).default(0),
  /** Factor on the embeddings of tokens. */
  embeddingScale: positive.default(1),
  /** Embeddings are normalized. */
  embeddingNorm: z.boolean().default(false),
  /** Rows of the table of learned positions before that of the first position. */
  positionOffset: z.number().int().min(0).default(0),
  layers: count,
  /** Width of the residual stream. */
  dim: count,
  heads: count,
  /**
   * Heads of keys and values: fewer than `heads` is grouped-query, one is multi-query attention.
   */
  kvHeads: count,
  headDim: count,
  /** Width inside the feed-forward network. */
  hiddenDim: count,
  norm: norms,
  normEpsilon: positive,
  normBias: z.boolean(),
  normPosition: z.enum(['pre', 'post', 'both']),
  /** False: the first layer takes the embeddings as they are, normalized already. */
  firstNorm: z.boolean().default(true),
  activation: z.enum(Object.keys(ACTIVATIONS) as [Activation, ...Activation[]]),
  /** Feed-forward with a gate (SwiGLU with SiLU). */
  gated: z.boolean(),
  feedForwardBias: z.boolean(),
  /** `none`: layers are of attention alone. */
  feedForward: z.literal('none').optional(),
  /** Mixture of experts in place of the feed-forward network. */
  experts: z
    .strictObject({
      count,
      /** Of which each token passes through so many. */
      perToken: count,
      /** Width inside each. */
      hiddenDim: count,
      /** The weights of a token's experts add up to 1. */
      normalized: z.boolean(),
      /** Weight of the load-balancing loss in training. */
      balance: z.number().min(0),
      /** Which layers have them (default: all). */
      layers: z.array(z.boolean()).optional(),
    })
    .optional(),
  /** Which projections of attention have biases. */
  attentionBias: z.enum(['none', 'qkv', 'all']),
  /** RMSNorm of each head's queries and keys. */
  qkNorm: z.boolean().default(false),
  /** Factor on attention scores (default: 1 / sqrt(headDim)). */
  attentionScale: positive.optional(),
  /** Bound of attention scores. */
  attentionSoftcap: positive.optional(),
  /** Each head has a learned sink that takes weight from all keys. */
  sinks: z.boolean().default(false),
  /** Sliding window: a position sees only those less than this many positions away. */
  window: count.optional(),
  /** Which layers have the window (default: all, where there is one). */
  windowed: z.array(z.boolean()).optional(),
  positions: z.enum(POSITIONS),
  ropeTheta: positive.default(10_000),
  ropeScaling: ropeScaling.optional(),
  /**
   * Base of the wavelengths in layers with a window, where it is another; these are never scaled.
   */
  windowRopeTheta: positive.optional(),
  /** Relative position buckets, of `positions: 'buckets'`. */
  buckets: z.strictObject({ count, maxDistance: count }).default({ count: 32, maxDistance: 128 }),
  embeddingDropout: rate,
  attentionDropout: rate,
  residualDropout: rate,
  feedForwardDropout: rate,
  stochasticDepth: rate,
})

export type StackConfig = z.output<typeof stackSchema>

export type StackSizes = Pick<StackConfig, 'vocabSize' | 'context' | 'layers' | 'dim' | 'heads'>

/** The layers of GPT-2 (Radford et al. 2019), from which all others differ in a few options. */
export const plainStack = (sizes: StackSizes & Partial<StackConfig>): StackConfig => ({
  tokenTypes: 0,
  embeddingScale: 1,
  embeddingNorm: false,
  positionOffset: 0,
  kvHeads: sizes.heads,
  headDim: sizes.dim / sizes.heads,
  hiddenDim: 4 * sizes.dim,
  positions: 'learned',
  ropeTheta: 10_000,
  buckets: { count: 32, maxDistance: 128 },
  norm: 'layer',
  normEpsilon: 1e-5,
  normBias: true,
  normPosition: 'pre',
  firstNorm: true,
  activation: 'gelu_tanh',
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
  ...sizes,
})

/** What a stack is used for, where it changes what its layers do. */
export interface StackUse {
  /** Positions see only what comes before them. */
  causal: boolean
  /** Layers also attend to another sequence. */
  cross?: boolean
}

/** Throws UserError with the option at fault where options do not go together. */
export function checkStack(config: StackConfig, names = ''): void {
  const { dim, heads, kvHeads, headDim, positions, layers, windowed, experts, buckets } = config
  const fail = (option: string, problem: string) => new UserError(`${names}${option} ${problem}`)
  if (!Number.isInteger(headDim) && headDim === dim / heads)
    throw fail('dim', `is ${dim}, which ${heads} heads do not divide; change one of them`)
  const sizes = ['dim', 'heads', 'kvHeads', 'headDim', 'hiddenDim'] as const
  for (const name of ['vocabSize', 'context', 'layers', ...sizes] as const)
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw fail(name, `is ${config[name]}; it must be a whole number of 1 or more`)
  if (heads % kvHeads !== 0) throw fail('kvHeads', `is ${kvHeads}; it must divide heads (${heads})`)
  if (positions === 'rotary' && headDim % 2 !== 0)
    throw fail('headDim', `is ${headDim}; rotary positions need an even number`)
  if (positions === 'buckets' && buckets.count % 4 !== 0)
    throw fail('buckets.count', `is ${buckets.count}; it must be a multiple of 4`)
  if (windowed && windowed.length !== layers)
    throw fail('windowed', `has ${windowed.length} entries for ${layers} layers`)
  if (experts?.layers && experts.layers.length !== layers)
    throw fail('experts.layers', `has ${experts.layers.length} entries for ${layers} layers`)
  if (experts && config.feedForward === 'none')
    throw fail(
      'feedForward',
      'is none, and experts are feed-forward networks; leave out one of them',
    )
  // Each expert gets as many tokens as there happen to be, and dropout needs a fixed shape.
  if (experts && config.feedForwardDropout > 0)
    throw fail(
      'feedForwardDropout',
      `is ${config.feedForwardDropout}, and experts take no dropout; leave it out, or the experts`,
    )
  if (experts && experts.perToken > experts.count)
    throw fail('experts.perToken', `is ${experts.perToken}, but there are ${experts.count} experts`)
}

export const isWindowed = ({ window, windowed }: StackConfig, layer: number): boolean =>
  window !== undefined && (windowed?.[layer] ?? true)

export const hasExperts = ({ experts }: StackConfig, layer: number): boolean =>
  experts !== undefined && (experts.layers?.[layer] ?? true)
