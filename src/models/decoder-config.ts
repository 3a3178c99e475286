import { UserError } from '../errors.ts'
import type { Activation, NormKind } from '../nn/index.ts'

/** Architecture of a decoder-only Transformer: every choice is one option. */
export interface DecoderConfig {
  vocabSize: number
  /** Longest sequence, in tokens. */
  context: number
  layers: number
  /** Width of the residual stream. */
  dim: number
  heads: number
  /** Heads of keys and values; fewer than `heads` is grouped-query attention. */
  kvHeads: number
  headDim: number
  /** Width inside the feed-forward network. */
  hiddenDim: number
  positions: 'learned' | 'rotary'
  ropeTheta: number
  norm: NormKind
  normEpsilon: number
  activation: Activation
  /** Feed-forward with a gate (SwiGLU with SiLU). */
  gated: boolean
  /** Biases in projections and norms. */
  bias: boolean
  /** One matrix for the embedding and the output (Press & Wolf 2017). */
  tied: boolean
  embeddingDropout: number
  attentionDropout: number
  residualDropout: number
  stochasticDepth: number
}

export type DecoderStyle = 'gpt2' | 'llama'

/** The sizes a user chooses; the style decides the rest, and any of it can be set by hand. */
export type DecoderSizes = Pick<
  DecoderConfig,
  'vocabSize' | 'context' | 'layers' | 'dim' | 'heads'
> &
  Partial<DecoderConfig>

/** GPT-2 (Radford et al. 2019): learned positions, LayerNorm, GELU, biases, tied output. */
export const gpt2Config = (sizes: DecoderSizes): DecoderConfig => ({
  kvHeads: sizes.heads,
  headDim: sizes.dim / sizes.heads,
  hiddenDim: 4 * sizes.dim,
  positions: 'learned',
  ropeTheta: 10_000,
  norm: 'layer',
  normEpsilon: 1e-5,
  activation: 'gelu_tanh',
  gated: false,
  bias: true,
  tied: true,
  embeddingDropout: 0,
  attentionDropout: 0,
  residualDropout: 0,
  stochasticDepth: 0,
  ...sizes,
})

/** Llama (Touvron et al. 2023): rotary positions, RMSNorm, SwiGLU, no biases. */
export const llamaConfig = (sizes: DecoderSizes): DecoderConfig => ({
  ...gpt2Config(sizes),
  // Two thirds of 4 dim, so that the gate's third matrix costs nothing; a round multiple of 32.
  hiddenDim: 32 * Math.ceil((8 * sizes.dim) / 3 / 32),
  positions: 'rotary',
  norm: 'rms',
  activation: 'silu',
  gated: true,
  bias: false,
  tied: false,
  ...sizes,
})

/** Throws UserError with the option at fault where sizes do not go together. */
export function checkConfig(config: DecoderConfig): DecoderConfig {
  const { heads, kvHeads, headDim, positions, dim } = config
  if (!Number.isInteger(headDim) && headDim === dim / heads)
    throw new UserError(`dim is ${dim}, which ${heads} heads do not divide; change one of them`)
  const whole = ['vocabSize', 'context', 'layers', 'dim', 'heads', 'kvHeads', 'headDim'] as const
  for (const name of [...whole, 'hiddenDim'] as const)
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw new UserError(`${name} is ${config[name]}; it must be a whole number of 1 or more`)
  if (heads % kvHeads !== 0)
    throw new UserError(`kvHeads is ${kvHeads}; it must divide heads (${heads})`)
  if (positions === 'rotary' && headDim % 2 !== 0)
    throw new UserError(`headDim is ${headDim}; rotary positions need an even number`)
  return config
}

/** Learned numbers of a model of this shape (a tied matrix counts once). */
export function countParameters(config: DecoderConfig): number {
  const { dim, heads, kvHeads, headDim, hiddenDim, layers, vocabSize, context } = config
  const { bias, gated, norm, tied, positions } = config
  const withBias = (inputs: number, outputs: number) => outputs * (inputs + (bias ? 1 : 0))
  const normSize = dim * (norm === 'layer' && bias ? 2 : 1)
  const attention =
    withBias(dim, heads * headDim) +
    2 * withBias(dim, kvHeads * headDim) +
    withBias(heads * headDim, dim)
  const feedForward = (gated ? 2 : 1) * withBias(dim, hiddenDim) + withBias(hiddenDim, dim)
  const embeddings =
    vocabSize * dim * (tied ? 1 : 2) + (positions === 'learned' ? context * dim : 0)
  return embeddings + layers * (attention + feedForward + 2 * normSize) + normSize
}
