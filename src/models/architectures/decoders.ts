import { type DecoderConfig, type DecoderSizes, llamaConfig } from '../decoder-config.ts'

/** Mistral (Jiang et al. 2023): Llama with a sliding window, here of half the context. */
export const mistralConfig = (sizes: DecoderSizes): DecoderConfig =>
  llamaConfig({ window: half(sizes.context), ...sizes })

/** Qwen 2 (Yang et al. 2024): Llama with biases on queries, keys and values. */
export const qwen2Config = (sizes: DecoderSizes): DecoderConfig =>
  llamaConfig({ attentionBias: 'qkv', tied: true, ...sizes })

/** Qwen 3 (Yang et al. 2025): Llama with normalised queries and keys. */
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

/** Gemma 3 (Gemma Team 2025): normalised queries and keys, a window in five of six layers. */
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
    normPlace: 'both',
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
