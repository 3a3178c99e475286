import type { DecoderConfig } from '../../models/decoder-config.ts'
import { rename } from '../tensor-map.ts'
import { contradiction, type FieldReader } from './fields.ts'
import { llamaLike, qkNorms } from './llama.ts'
import { readLayerTypes, windowsOf, writeLayerTypes } from './windows.ts'

const writeQwenWindows = (config: DecoderConfig) => ({
  use_sliding_window: config.window !== undefined,
  sliding_window: config.window ?? null,
  max_window_layers: config.windowed ? Math.max(0, config.windowed.indexOf(true)) : 0,
  layer_types: writeLayerTypes(config),
})

/** Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on queries, keys and values. */
export const qwen2 = llamaLike({
  modelType: 'qwen2',
  name: 'Qwen2',
  defaults: { context: 32_768, ropeTheta: 10_000, tied: false, kvHeads: 32 },
  mixesWindows: true,
  read: (field, { layers }) => {
    field.only('use_mrope', false)
    return { attentionBias: 'qkv', ...qwenWindows(field, layers) }
  },
  write: writeQwenWindows,
})

/** Qwen 3 (Yang et al. 2025): Llama with normalized queries and keys. */
export const qwen3 = llamaLike({
  modelType: 'qwen3',
  name: 'Qwen3',
  defaults: { context: 32_768, ropeTheta: 10_000, tied: false, headDim: 128, kvHeads: 32 },
  mixesWindows: true,
  read: (field, { layers }) => ({
    qkNorm: true,
    attentionBias: field.boolean('attention_bias', false) ? 'all' : 'none',
    ...qwenWindows(field, layers),
  }),
  write: (config) => ({
    attention_bias: config.attentionBias === 'all',
    ...writeQwenWindows(config),
  }),
  renames: qkNorms(),
})

const MLP = 'model.layers.{i}.mlp'

/** Qwen 3 with a mixture of experts (Yang et al. 2025). */
export const qwen3Moe = llamaLike({
  modelType: 'qwen3_moe',
  name: 'Qwen3Moe',
  defaults: { context: 32_768, ropeTheta: 10_000, tied: false, kvHeads: 4 },
  aliases: { num_local_experts: 'num_experts' },
  read: (field, { layers }) => {
    field.only('use_sliding_window', false)
    field.ignore('sliding_window', 'output_router_logits')
    return {
      qkNorm: true,
      attentionBias: field.boolean('attention_bias', false) ? 'all' : 'none',
      experts: readExperts(field, layers),
    }
  },
  write: ({ attentionBias, experts, layers }) => ({
    attention_bias: attentionBias === 'all',
    use_sliding_window: false,
    num_experts: experts?.count,
    num_experts_per_tok: experts?.perToken,
    moe_intermediate_size: experts?.hiddenDim,
    norm_topk_prob: experts?.normalized,
    router_aux_loss_coef: experts?.balance,
    decoder_sparse_step: 1,
    mlp_only_layers: Array.from({ length: layers }, (_, i) => i).filter(
      (i) => experts?.layers?.[i] === false,
    ),
  }),
  renames: [
    ...qkNorms(),
    rename(`${MLP}.gate.weight`, `${MLP}.gate.weight`),
    ...['gate_proj', 'up_proj', 'down_proj'].map((name) =>
      rename(`${MLP}.experts.{e}.${name}.weight`, `${MLP}.experts.{e}.${name}.weight`),
    ),
  ],
})

/** Every `decoder_sparse_step`-th layer has experts, but those that `mlp_only_layers` lists. */
function readExperts(field: FieldReader, layers: number): DecoderConfig['experts'] {
  const step = field.count('decoder_sparse_step', 1)
  const dense = field.list('mlp_only_layers') ?? []
  const sparse = Array.from(
    { length: layers },
    (_, i) => !dense.includes(i) && (i + 1) % step === 0,
  )
  return {
    count: field.count('num_experts', 128),
    perToken: field.count('num_experts_per_tok', 8),
    hiddenDim: field.count('moe_intermediate_size', 768),
    normalized: field.boolean('norm_topk_prob', false),
    balance: field.number('router_aux_loss_coef', 0.001),
    ...(sparse.includes(false) && { layers: sparse }),
  }
}

/**
 * Qwen's windows: in layers from `max_window_layers` on, and only if `use_sliding_window` says so.
 */
function qwenWindows(field: FieldReader, layers: number) {
  const used = field.boolean('use_sliding_window', false)
  const size = field.optionalCount('sliding_window', 4096)
  const first = field.index('max_window_layers', 28)
  const windowed = readLayerTypes(
    field,
    layers,
    (layer) => used && size !== undefined && layer >= first,
  )
  if (windowed.includes(true) && !(used && size !== undefined)) {
    const [name, value] = used ? ['sliding_window', null] : ['use_sliding_window', false]
    throw contradiction(['layer_types', field.list('layer_types')], [name, value])
  }
  return windowsOf(used ? size : undefined, windowed)
}
