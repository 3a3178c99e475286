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

/** Decoder-only styles, by the name that the command line takes: sizes to an architecture. */
export const DECODER_STYLES = {
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

/** Encoder-only styles. */
export const ENCODER_STYLES = {
  bert: bertConfig,
  roberta: robertaConfig,
  distilbert: distilbertConfig,
  modernbert: modernBertConfig,
} satisfies Record<string, (sizes: EncoderSizes) => EncoderConfig>

/** Encoder-decoder styles. */
export const ENCODER_DECODER_STYLES = {
  transformer: transformerConfig,
  t5: t5Config,
} satisfies Record<string, (sizes: EncoderDecoderSizes) => EncoderDecoderConfig>

export const STYLES = [
  ...Object.keys(DECODER_STYLES),
  ...Object.keys(ENCODER_STYLES),
  ...Object.keys(ENCODER_DECODER_STYLES),
] as (
  | keyof typeof DECODER_STYLES
  | keyof typeof ENCODER_STYLES
  | keyof typeof ENCODER_DECODER_STYLES
)[]

export type Style = (typeof STYLES)[number]

/** What a style's models are. */
export function kindOfStyle(style: Style): 'decoder' | 'encoder' | 'encoder-decoder' {
  if (style in DECODER_STYLES) return 'decoder'
  return style in ENCODER_STYLES ? 'encoder' : 'encoder-decoder'
}
