import { z } from 'zod'
import { UserError } from '../errors.ts'
import { type HeadConfig, headSchema } from './head-config.ts'
import { checkStack, plainStack, type StackSizes, stackSchema } from './stack-config.ts'

/** Architecture of a decoder-only Transformer. */
export const decoderSchema = stackSchema.extend({
  kind: z.literal('decoder').default('decoder'),
  /** One matrix for the embedding and the output (Press & Wolf 2017). */
  tied: z.boolean(),
  /** Bound of the logits: cap tanh(logit / cap). */
  logitSoftcap: z.number().gt(0).optional(),
  /** What it predicts instead of the next token. */
  head: headSchema.optional(),
})

export type DecoderConfig = z.output<typeof decoderSchema>

/**
 * The sizes a user chooses; the architecture decides the rest, and any of it can be set by hand.
 */
export type DecoderSizes = StackSizes & Partial<DecoderConfig>

/** GPT-2 (Radford et al. 2019): learned positions, LayerNorm, GELU, biases, tied output. */
export const gpt2Config = (sizes: DecoderSizes): DecoderConfig => ({
  kind: 'decoder',
  ...plainStack(sizes),
  tied: true,
  ...sizes,
})

/** Llama (Touvron et al. 2023): rotary positions, RMSNorm, SwiGLU, no biases. */
export const llamaConfig = (sizes: DecoderSizes): DecoderConfig => ({
  ...gpt2Config(sizes),
  // Two thirds of 4 dim, so that the gate's third matrix costs nothing; a round multiple of 32.
  hiddenDim: 32 * Math.ceil((8 * sizes.dim) / 3 / 32),
  positions: 'rotary',
  norm: 'rms',
  normBias: false,
  activation: 'silu',
  gated: true,
  feedForwardBias: false,
  attentionBias: 'none',
  tied: false,
  ...sizes,
})

/** Throws UserError with the option at fault where sizes do not go together. */
export function checkConfig(config: DecoderConfig): DecoderConfig {
  checkStack(config)
  checkHead(config.head)
  return config
}

export function checkHead(head: HeadConfig | undefined): void {
  if (!head || !['classify', 'tag'].includes(head.task)) return
  if (head.labels.length < 2)
    throw new UserError(`head.labels has ${head.labels.length} labels; it needs two or more`)
  const twice = head.labels.find((label, i) => head.labels.indexOf(label) !== i)
  if (twice !== undefined) throw new UserError(`head.labels: "${twice}" is there twice`)
}
