import { type DecoderConfig, llamaConfig } from '../../models/decoder-config.ts'
import type { ModelConfig } from '../../models/model.ts'
import type { Activation } from '../../nn/index.ts'
import { both, type Rename, rename } from '../tensor-map.ts'
import { ACTIVATION_NAMES, type Architecture, activationName } from './architecture.ts'
import type { FieldReader } from './fields.ts'
import { readHead, writeHead } from './heads.ts'
import { readRope, writeRope } from './rope.ts'
import { onlyLayerTypes } from './windows.ts'

const LAYER = 'model.layers.{i}'

/** What sets one of the architectures that follow Llama apart. */
export interface LlamaLike {
  modelType: string
  /** As the architecture's classes begin: `Llama` of `LlamaForCausalLM`. */
  name: string
  /** What files leave out. */
  defaults: {
    context: number
    ropeTheta: number
    tied: boolean
    headDim?: number
    kvHeads?: number
    activation?: Activation
    normEpsilon?: number
  }
  /** `hidden_act`, or what this architecture calls it. */
  activationField?: string
  /** Names of fields that files may have instead. */
  aliases?: Architecture['aliases']
  /** Rotary positions, where not all layers have the same. */
  readRope?: typeof readRope
  /** Some layers may have a window and others none: `read` reads `layer_types`. */
  mixesWindows?: boolean
  /** Options that differ from Llama's; fields that it knows besides. */
  read(field: FieldReader, config: DecoderConfig): Partial<DecoderConfig>
  /** The fields of those options. */
  write(config: DecoderConfig): Record<string, unknown>
  /** Names of what Llama does not have, and of what it names otherwise. */
  renames?: readonly Rename[]
}

/** An architecture whose fields and tensors are Llama's but for what `differs`. */
export function llamaLike(differs: LlamaLike): Architecture {
  const { modelType, name, defaults, activationField = ACTIVATION } = differs
  return {
    modelType,
    prefix: 'model.',
    aliases: differs.aliases,
    read: (field) => {
      const config = readCommon(field, differs)
      const read = { ...config, ...differs.read(field, config) }
      if (!differs.mixesWindows) onlyLayerTypes(field, read)
      return { ...read, head: readHead(field) }
    },
    write: (config: ModelConfig) =>
      config.kind === 'decoder'
        ? {
            ...writeHead(name, config.head, 'ForCausalLM'),
            model_type: modelType,
            ...writeCommon(config, activationField, defaults.activation),
            ...differs.write(config),
          }
        : undefined,
    renames: () => [...(differs.renames ?? []), ...COMMON],
  }
}

const ACTIVATION = 'hidden_act'

function readCommon(field: FieldReader, differs: LlamaLike): DecoderConfig {
  const { defaults, activationField = ACTIVATION, readRope: rope = readRope } = differs
  field.ignore('initializer_range', 'pretraining_tp', 'max_window_layers', 'cache_implementation')
  const heads = field.count('num_attention_heads')
  const dim = field.count('hidden_size')
  const context = field.count('max_position_embeddings', defaults.context)
  return llamaConfig({
    vocabSize: field.count('vocab_size'),
    context,
    layers: field.layers('num_hidden_layers'),
    dim,
    heads,
    kvHeads: field.optionalCount('num_key_value_heads', defaults.kvHeads) ?? heads,
    headDim: field.optionalCount('head_dim', defaults.headDim) ?? dim / heads,
    hiddenDim: field.count('intermediate_size'),
    ...rope(field, { theta: defaults.ropeTheta, context }),
    normEpsilon: field.positive('rms_norm_eps', defaults.normEpsilon ?? 1e-6),
    activation: field.word(
      activationField,
      ACTIVATION_NAMES,
      activationName(defaults.activation ?? 'silu', 'gelu_pytorch_tanh'),
    ),
    tied: field.boolean('tie_word_embeddings', defaults.tied),
    attentionDropout: field.rate('attention_dropout', 0),
  })
}

const writeCommon = (
  c: DecoderConfig,
  activationField: string,
  preferred: Activation | undefined,
) => ({
  vocab_size: c.vocabSize,
  max_position_embeddings: c.context,
  num_hidden_layers: c.layers,
  hidden_size: c.dim,
  num_attention_heads: c.heads,
  num_key_value_heads: c.kvHeads,
  head_dim: c.headDim,
  intermediate_size: c.hiddenDim,
  ...writeRope(c),
  rms_norm_eps: c.normEpsilon,
  [activationField]: activationName(c.activation, preferred && 'gelu_pytorch_tanh'),
  tie_word_embeddings: c.tied,
  attention_dropout: c.attentionDropout,
})

const same = (...names: string[]): Rename[] => names.map((name) => rename(name, name))

/** Parameters bear these names already; those that a model lacks are passed over. */
const COMMON: Rename[] = [
  ...same('model.embed_tokens.weight'),
  ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].flatMap((name) =>
    both(`${LAYER}.self_attn.${name}`, `${LAYER}.self_attn.${name}`),
  ),
  ...['gate_proj', 'up_proj', 'down_proj'].flatMap((name) =>
    both(`${LAYER}.mlp.${name}`, `${LAYER}.mlp.${name}`),
  ),
  ...same(`${LAYER}.input_layernorm.weight`, `${LAYER}.post_attention_layernorm.weight`),
  ...same('model.norm.weight', 'lm_head.weight'),
  ...both('score', 'head.output'),
]

/** Queries and keys that are normalized by head. */
export const qkNorms = (plus?: number): Rename[] =>
  ['q_norm', 'k_norm'].map((name) => ({
    ...rename(`${LAYER}.self_attn.${name}.weight`, `${LAYER}.self_attn.${name}.weight`),
    ...(plus && { plus }),
  }))

/** Llama 2 and 3 (Touvron et al. 2023; Grattafiori et al. 2024). */
export const llama = llamaLike({
  modelType: 'llama',
  name: 'Llama',
  defaults: { context: 2048, ropeTheta: 10_000, tied: false },
  read: (field) => ({
    attentionBias: field.boolean('attention_bias', false) ? 'all' : 'none',
    feedForwardBias: field.boolean('mlp_bias', false),
  }),
  write: ({ attentionBias, feedForwardBias }) => ({
    attention_bias: attentionBias === 'all',
    mlp_bias: feedForwardBias,
  }),
})
