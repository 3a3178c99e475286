import type { DecoderConfig } from '../../models/decoder-config.ts'
import type { Rename } from '../tensor-map.ts'
import type { FieldReader } from './fields.ts'
import { llamaLike, qkNorms } from './llama.ts'
import { readRopes } from './rope.ts'
import { readLayerTypes, windowsOf, writeLayerTypes } from './windows.ts'

const LAYER = 'model.layers.{i}'

/** Gemma's norms multiply by 1 + weight. */
const norm = (file: string, ours: string): Rename => ({
  file: `${file}.weight`,
  ours: [`${ours}.weight`],
  plus: 1,
})

/** Norms before and after each part. */
const gemmaNorms: readonly Rename[] = [
  norm(`${LAYER}.input_layernorm`, `${LAYER}.input_layernorm`),
  norm(`${LAYER}.post_attention_layernorm`, `${LAYER}.self_attn_output_norm`),
  norm(`${LAYER}.pre_feedforward_layernorm`, `${LAYER}.post_attention_layernorm`),
  norm(`${LAYER}.post_feedforward_layernorm`, `${LAYER}.mlp_output_norm`),
  norm('model.norm', 'model.norm'),
]

/** What Gemma 2 and 3 have in common. */
function readGemma(
  field: FieldReader,
  { dim, headDim, layers }: DecoderConfig,
  hasWindow: (layer: number) => boolean,
  caps: SoftcapDefaults = {},
): Partial<DecoderConfig> {
  const size = field.optionalCount('sliding_window') ?? 4096
  const scalar = field.positive('query_pre_attn_scalar', 256)
  return {
    normPosition: 'both',
    embeddingScale: Math.sqrt(dim),
    ...(scalar !== headDim && { attentionScale: 1 / Math.sqrt(scalar) }),
    attentionBias: field.boolean('attention_bias', false) ? 'all' : 'none',
    ...softcaps(field, caps),
    ...windowsOf(size, readLayerTypes(field, layers, hasWindow)),
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

const writeGemma = (c: DecoderConfig) => ({
  // The last digits are those of the root.
  query_pre_attn_scalar:
    c.attentionScale === undefined ? c.headDim : Number((c.attentionScale ** -2).toPrecision(12)),
  attention_bias: c.attentionBias === 'all',
  attn_logit_softcapping: c.attentionSoftcap ?? null,
  final_logit_softcapping: c.logitSoftcap ?? null,
  sliding_window: c.window ?? null,
  layer_types: writeLayerTypes(c),
})

const DEFAULTS = { tied: true, headDim: 256, kvHeads: 4, activation: 'gelu_tanh' } as const

/**
 * Gemma 2 (Gemma Team 2024): bounded scores and logits, norms on both sides, a window in every
 * other layer.
 */
export const gemma2 = llamaLike({
  modelType: 'gemma2',
  name: 'Gemma2',
  defaults: { context: 8192, ropeTheta: 10_000, ...DEFAULTS },
  activationField: 'hidden_activation',
  mixesWindows: true,
  read: (field, config) => {
    field.ignore('hidden_act', 'use_bidirectional_attention')
    const caps = { attention: 50, logits: 30 }
    return readGemma(field, config, (layer) => layer % 2 === 0, caps)
  },
  write: writeGemma,
  renames: gemmaNorms,
})

/**
 * Gemma 3's text model (Gemma Team 2025): normalized queries and keys, five layers with a window to
 * one without.
 */
export const gemma3 = llamaLike({
  modelType: 'gemma3_text',
  name: 'Gemma3',
  defaults: { context: 131_072, ropeTheta: 1_000_000, ...DEFAULTS },
  activationField: 'hidden_activation',
  aliases: { _sliding_window_pattern: 'sliding_window_pattern' },
  readRope: (field, options) =>
    readRopes(field, options, { field: 'rope_local_base_freq', theta: 10_000 }),
  mixesWindows: true,
  read: (field, config) => {
    field.only('use_bidirectional_attention', false)
    field.ignore('hidden_act')
    field.only('attn_logit_softcapping', null)
    const pattern = field.count('sliding_window_pattern', 6)
    return { ...readGemma(field, config, (layer) => (layer + 1) % pattern !== 0), qkNorm: true }
  },
  write: (config) => ({
    ...writeGemma(config),
    rope_local_base_freq: config.windowRopeTheta,
  }),
  renames: [...gemmaNorms, ...qkNorms(1)],
})
