import { z } from 'zod'
import { UserError } from '../errors.ts'
import {
  checkStack,
  plainStack,
  type StackConfig,
  type StackSizes,
  stackSchema,
} from './stack-config.ts'

/** Architecture of an encoder-decoder Transformer. */
export const encoderDecoderSchema = z.strictObject({
  kind: z.literal('encoder-decoder').default('encoder-decoder'),
  encoder: stackSchema,
  decoder: stackSchema,
  /** The output's matrix is the embedding, which both sides share. */
  tied: z.boolean(),
  /** Factor on what the output reads, where it is tied. */
  outputScale: z.number().gt(0).default(1),
  /** The token that a text of the decoder's begins with. */
  startId: z.number().int().min(0),
  /** Padding of both sides. */
  padId: z.number().int().min(0),
})

export type EncoderDecoderConfig = z.output<typeof encoderDecoderSchema>

export type EncoderDecoderSizes = StackSizes &
  Partial<StackConfig> &
  Partial<Omit<EncoderDecoderConfig, 'encoder' | 'decoder'>> & {
    /** Layers of the decoder (default: as many as the encoder has). */
    decoderLayers?: number
  }

/** Options of a pair of equal stacks; the others are of the stacks. */
function pair(
  sizes: EncoderDecoderSizes,
  stack: Partial<StackConfig>,
  whole: Pick<EncoderDecoderConfig, 'tied' | 'outputScale'>,
): EncoderDecoderConfig {
  const { decoderLayers = sizes.layers, kind: _, ...given } = sizes
  const { tied = whole.tied, outputScale = whole.outputScale, ...rest } = given
  const { startId = 0, padId = 0, ...options } = rest
  const common = plainStack({ ...stack, ...options })
  return {
    kind: 'encoder-decoder',
    encoder: common,
    decoder: { ...common, layers: decoderLayers },
    tied,
    outputScale,
    startId,
    padId,
  }
}

/**
 * The Transformer of 2017 (Vaswani et al.): sinusoidal positions, norms after each sum, ReLU,
 * embeddings times sqrt(dim) and shared with the output.
 */
export const transformerConfig = (sizes: EncoderDecoderSizes): EncoderDecoderConfig =>
  pair(
    sizes,
    {
      positions: 'sinusoidal',
      normPosition: 'post',
      activation: 'relu',
      embeddingScale: Math.sqrt(sizes.dim),
    },
    { tied: true, outputScale: 1 },
  )

/**
 * T5 1.1 (Raffel et al. 2020): position buckets, RMSNorm, gated GELU, no biases, scores not scaled.
 */
export const t5Config = (sizes: EncoderDecoderSizes): EncoderDecoderConfig =>
  pair(
    sizes,
    {
      positions: 'buckets',
      norm: 'rms',
      normEpsilon: 1e-6,
      normBias: false,
      activation: 'gelu_tanh',
      gated: true,
      hiddenDim: 32 * Math.ceil((8 * sizes.dim) / 3 / 32),
      feedForwardBias: false,
      attentionBias: 'none',
      attentionScale: 1,
    },
    { tied: false, outputScale: sizes.tied ? sizes.dim ** -0.5 : 1 },
  )

/** Throws UserError with the option at fault where sizes do not go together. */
export function checkEncoderDecoder(config: EncoderDecoderConfig): EncoderDecoderConfig {
  const { encoder, decoder } = config
  checkStack(encoder, 'encoder.')
  checkStack(decoder, 'decoder.')
  for (const name of ['vocabSize', 'dim'] as const)
    if (encoder[name] !== decoder[name])
      throw new UserError(
        `encoder.${name} is ${encoder[name]} and decoder.${name} ${decoder[name]}; ` +
          'they must be equal',
      )
  return config
}
