import { type DecoderConfig, type DecoderSizes, gpt2Config, llamaConfig } from './decoder-config.ts'
import {
  bertConfig,
  type EncoderConfig,
  type EncoderSizes,
  modernBertConfig,
} from './encoder-config.ts'
import {
  type EncoderDecoderConfig,
  type EncoderDecoderSizes,
  t5Config,
  transformerConfig,
} from './encoder-decoder-config.ts'

/** Mistral (Jiang et al. 2023): Llama with a sliding window, here of half the context. */
export const mistralConfig = (sizes: DecoderSizes): DecoderConfig =>
  llamaConfig({ window: half(sizes.context), ...sizes })

/** Qwen 2 (Yang et al. 2024): Llama with biases on queries, keys and values. */
export const qwen2Config = (sizes: DecoderSizes): DecoderConfig =>
  llamaConfig({ attentionBias: 'qkv', tied: true, ...sizes })

/** Qwen 3 (Yang et al. 2025): Llama with normalized queries and keys. */
export const qwen3Config = (sizes: DecoderSizes): DecoderConfig =>
  llamaConfig({ qkNorm: true, tied: true, ...sizes })

/**
 * Gemma 2 (Gemma Team 2024): bounded scores and logits, norms on both sides, a window in every
 * other layer.
 */
export const gemma2Config = (sizes: DecoderSizes): DecoderConfig =>
  gemma(sizes, {
    attentionSoftcap: 50,
    logitSoftcap: 30,
    windowed: layersOf(sizes, (layer) => layer % 2 === 0),
  })

/** Gemma 3 (Gemma Team 2025): normalized queries and keys, a window in five of six layers. */
export const gemma3Config = (sizes: DecoderSizes): DecoderConfig =>
  gemma(sizes, {
    qkNorm: true,
    ropeTheta: 1_000_000,
    windowRopeTheta: 10_000,
    windowed: layersOf(sizes, (layer) => layer % 6 !== 5),
  })

/** Mixtral (Jiang et al. 2024): each token passes through two of several feed-forward networks. */
export function mixtralConfig(sizes: DecoderSizes): DecoderConfig {
  const config = llamaConfig(sizes)
  const { hiddenDim } = config
  const experts = { count: 8, perToken: 2, hiddenDim, normalized: true, balance: 0.01 }
  return { ...config, experts: { ...experts, ...sizes.experts } }
}

/** Qwen 3 with a mixture of many small experts (Yang et al. 2025). */
export function qwen3MoeConfig(sizes: DecoderSizes): DecoderConfig {
  const config = llamaConfig({ qkNorm: true, ...sizes })
  const hiddenDim = 32 * Math.max(1, Math.round(config.hiddenDim / 4 / 32))
  const experts = { count: 16, perToken: 4, hiddenDim, normalized: true, balance: 0.01 }
  return { ...config, experts: { ...experts, ...sizes.experts } }
}

const gemma = (sizes: DecoderSizes, differs: Partial<DecoderConfig>): DecoderConfig =>
  llamaConfig({
    normPosition: 'both',
    normEpsilon: 1e-6,
    activation: 'gelu_tanh',
    tied: true,
    embeddingScale: Math.sqrt(sizes.dim),
    window: half(sizes.context),
    ...differs,
    ...sizes,
  })

const half = (context: number): number => Math.max(1, Math.floor(context / 2))

/** Which layers have a window; undefined where all do, as files of few layers say it. */
function layersOf(
  { layers }: DecoderSizes,
  has: (layer: number) => boolean,
): boolean[] | undefined {
  const windowed = Array.from({ length: layers }, (_, layer) => has(layer))
  return windowed.includes(false) ? windowed : undefined
}

/**
 * RoBERTa (Liu et al. 2019): BERT without kinds of tokens, its positions behind that of padding.
 */
export const robertaConfig = (sizes: EncoderSizes): EncoderConfig =>
  bertConfig({ positionOffset: 2, tokenTypes: 1, normEpsilon: 1e-5, ...sizes })

/** DistilBERT (Sanh et al. 2019): BERT without kinds of tokens. */
export const distilbertConfig = (sizes: EncoderSizes): EncoderConfig =>
  bertConfig({ tokenTypes: 0, ...sizes })

/**
 * Decoder-only architectures, by the name that the command line takes: sizes to an architecture.
 */
export const DECODER_ARCHITECTURES = {
  gpt2: gpt2Config,
  llama: llamaConfig,
  mistral: mistralConfig,
  qwen2: qwen2Config,
  qwen3: qwen3Config,
  gemma2: gemma2Config,
  gemma3: gemma3Config,
  mixtral: mixtralConfig,
  'qwen3-moe': qwen3MoeConfig,
} satisfies Record<string, (sizes: DecoderSizes) => DecoderConfig>

/** Encoder-only architectures. */
export const ENCODER_ARCHITECTURES = {
  bert: bertConfig,
  roberta: robertaConfig,
  distilbert: distilbertConfig,
  modernbert: modernBertConfig,
} satisfies Record<string, (sizes: EncoderSizes) => EncoderConfig>

/** Encoder-decoder architectures. */
export const ENCODER_DECODER_ARCHITECTURES = {
  transformer: transformerConfig,
  t5: t5Config,
} satisfies Record<string, (sizes: EncoderDecoderSizes) => EncoderDecoderConfig>

export const ARCHITECTURES = [
  ...Object.keys(DECODER_ARCHITECTURES),
  ...Object.keys(ENCODER_ARCHITECTURES),
  ...Object.keys(ENCODER_DECODER_ARCHITECTURES),
] as (
  | keyof typeof DECODER_ARCHITECTURES
  | keyof typeof ENCODER_ARCHITECTURES
  | keyof typeof ENCODER_DECODER_ARCHITECTURES
)[]

export type ArchitectureName = (typeof ARCHITECTURES)[number]

/** What an architecture's models are. */
export function kindOfArchitecture(
  architecture: ArchitectureName,
): 'decoder' | 'encoder' | 'encoder-decoder' {
  if (architecture in DECODER_ARCHITECTURES) return 'decoder'
  return architecture in ENCODER_ARCHITECTURES ? 'encoder' : 'encoder-decoder'
}
