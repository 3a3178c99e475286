import type { DecoderConfig } from '../../models/decoder-config.ts'
import type { Rename } from '../tensor-map.ts'
import type { FieldReader } from './fields.ts'

const LAYER = 'model.layers.{i}'

/** Gemma's norms multiply by 1 + weight. */
const norm = (file: string, ours: string): Rename => ({
  file: `${file}.weight`,
  ours: [`${ours}.weight`],
  plus: 1,
})

/** Norms on both sides of each part, named by their place. */
export const gemmaNorms: readonly Rename[] = [
  norm(`${LAYER}.input_layernorm`, `${LAYER}.input_layernorm`),
  norm(`${LAYER}.post_attention_layernorm`, `${LAYER}.self_attn_output_norm`),
  norm(`${LAYER}.pre_feedforward_layernorm`, `${LAYER}.post_attention_layernorm`),
  norm(`${LAYER}.post_feedforward_layernorm`, `${LAYER}.mlp_output_norm`),
  norm('model.norm', 'model.norm'),
]

/** What Gemma 2 and 3 have in common. */
export function readGemma(
  field: FieldReader,
  config: DecoderConfig,
  caps: SoftcapDefaults = {},
): Partial<DecoderConfig> {
  const { dim, headDim } = config
  const scalar = field.positive('query_pre_attn_scalar', 256)
  return {
    normPlace: 'both',
    embeddingScale: Math.sqrt(dim),
    ...(scalar !== headDim && { attentionScale: 1 / Math.sqrt(scalar) }),
    attentionBias: field.boolean('attention_bias', false) ? 'all' : 'none',
    ...softcaps(field, caps),
  }
}

/** Bounds of files that do not speak of them; null is none. */
interface SoftcapDefaults {
  attention?: number
  logits?: number
}

function softcaps(field: FieldReader, defaults: SoftcapDefaults): Partial<DecoderConfig> {
  const attention = field.optionalPositive('attn_logit_softcapping', defaults.attention)
  const logits = field.optionalPositive('final_logit_softcapping', defaults.logits)
  return {
    ...(attention !== undefined && { attentionSoftcap: attention }),
    ...(logits !== undefined && { logitSoftcap: logits }),
  }
}

export const writeGemma = (c: DecoderConfig) => ({
  // The last digits are those of the root.
  query_pre_attn_scalar:
    c.attentionScale === undefined ? c.headDim : Number((c.attentionScale ** -2).toPrecision(12)),
  attention_bias: c.attentionBias === 'all',
  attn_logit_softcapping: c.attentionSoftcap ?? null,
  final_logit_softcapping: c.logitSoftcap ?? null,
})
