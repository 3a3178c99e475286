import {
  type DecoderConfig,
  type DecoderSizes,
  gpt2Config,
  llamaConfig,
} from '../decoder-config.ts'
import type { EncoderConfig, EncoderSizes } from '../encoder-config.ts'
import { bertConfig, modernBertConfig } from '../encoder-config.ts'
import {
  type EncoderDecoderConfig,
  type EncoderDecoderSizes,
  t5Config,
  transformerConfig,
} from '../encoder-decoder-config.ts'
import {
  gemma2Config,
  gemma3Config,
  mistralConfig,
  mixtralConfig,
  qwen2Config,
  qwen3Config,
  qwen3MoeConfig,
} from './decoders.ts'
import { distilbertConfig, robertaConfig } from './encoders.ts'

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
