import { type EncoderDecoderConfig, t5Config } from '../../models/encoder-decoder-config.ts'
import type { Activation } from '../../nn/index.ts'
import { own } from '../../own.ts'
import { type Rename, rename } from '../tensor-map.ts'
import { ACTIVATION_NAMES, type Architecture, activationName } from './architecture.ts'
import type { FieldReader } from './fields.ts'

const SIDES = ['encoder', 'decoder'] as const

/** Attention of a part of a block. */
const attention = (file: string, ours: string): Rename[] =>
  ['q', 'k', 'v', 'o'].map((name) =>
    rename(`${file}.${name}.weight`, `${ours}.${name}_proj.weight`),
  )

/** The parts of each side's blocks are numbered; only a decoder's has cross-attention. */
const side = (name: (typeof SIDES)[number]): Rename[] => {
  const [block, ours] = [`${name}.block.{i}.layer`, `model.${name}.layers.{i}`]
  const last = name === 'encoder' ? 1 : 2
  const forward = `${block}.${last}.DenseReluDense`
  return [
    ...attention(`${block}.0.SelfAttention`, `${ours}.self_attn`),
    rename(`${block}.0.layer_norm.weight`, `${ours}.input_layernorm.weight`),
    rename(
      `${name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
      `model.${name}.relative_bias.weight`,
    ),
    ...(name === 'decoder'
      ? [
          ...attention(`${block}.1.EncDecAttention`, `${ours}.cross_attn`),
          rename(`${block}.1.layer_norm.weight`, `${ours}.cross_attn_layernorm.weight`),
        ]
      : []),
    rename(`${forward}.wi_0.weight`, `${ours}.mlp.gate_proj.weight`),
    rename(`${forward}.wi_1.weight`, `${ours}.mlp.up_proj.weight`),
    rename(`${forward}.wo.weight`, `${ours}.mlp.down_proj.weight`),
    rename(`${block}.${last}.layer_norm.weight`, `${ours}.post_attention_layernorm.weight`),
    rename(`${name}.final_layer_norm.weight`, `model.${name}.norm.weight`),
  ]
}

/** Without a gate the first matrix has no number. */
const ungated = (renames: Rename[]): Rename[] =>
  renames.map((one) => ({ ...one, file: one.file.replace('.wi_1.', '.wi.') }))

/** T5 and its version 1.1 (Raffel et al. 2020). */
export const t5: Architecture = {
  modelType: 't5',
  aliases: {
    hidden_size: 'd_model',
    num_attention_heads: 'num_heads',
    num_hidden_layers: 'num_layers',
    head_dim: 'd_kv',
  },
  read: readT5,
  write: (c) => (c.kind === 'encoder-decoder' ? writeT5(c) : undefined),
  renames: (_, config) => {
    const isGated = config.kind === 'encoder-decoder' && config.encoder.gated
    const sides = SIDES.flatMap(side)
    return [
      rename('shared.weight', 'model.shared.weight'),
      ...(isGated ? sides : ungated(sides)),
      rename('lm_head.weight', 'lm_head.weight'),
    ]
  },
}

/** `gated-gelu` is the approximate GELU, by an accident that has become the rule. */
function readActivation(field: FieldReader): { activation: Activation; gated: boolean } {
  const given = field.string('feed_forward_proj', 'relu')
  field.ignore('dense_act_fn', 'is_gated_act')
  const gated = given.startsWith('gated-')
  const name = gated ? given.slice('gated-'.length) : given
  const activation = given === 'gated-gelu' ? 'gelu_tanh' : own(ACTIVATION_NAMES, name)
  if (!activation)
    throw field.refuse(
      'feed_forward_proj',
      'supported is relu, gated-gelu, gated-silu and their like',
    )
  return { activation, gated }
}

function readT5(field: FieldReader): EncoderDecoderConfig {
  field.only('scale_decoder_outputs', true)
  field.only('is_encoder_decoder', true)
  field.ignore('initializer_factor', 'output_past', 'task_specific_params')
  field.ignore('classifier_dropout')
  const dropout = field.rate('dropout_rate', 0.1)
  const dim = field.count('d_model')
  const layers = field.layers('num_layers')
  const tied = field.boolean('tie_word_embeddings', true)
  return t5Config({
    vocabSize: field.count('vocab_size'),
    context: field.count('n_positions', 512),
    layers,
    decoderLayers: field.layers('num_decoder_layers', layers),
    dim,
    heads: field.count('num_heads'),
    kvHeads: field.count('num_heads'),
    headDim: field.count('d_kv', 64),
    hiddenDim: field.count('d_ff'),
    ...readActivation(field),
    buckets: {
      count: field.count('relative_attention_num_buckets', 32),
      maxDistance: field.count('relative_attention_max_distance', 128),
    },
    normEpsilon: field.positive('layer_norm_epsilon', 1e-6),
    embeddingDropout: dropout,
    attentionDropout: dropout,
    residualDropout: dropout,
    feedForwardDropout: dropout,
    tied,
    outputScale: tied ? dim ** -0.5 : 1,
    startId: field.index('decoder_start_token_id', 0),
    padId: field.index('pad_token_id', 0),
  })
}

function writeT5({ encoder, decoder, tied, startId, padId }: EncoderDecoderConfig) {
  const activation = activationName(encoder.activation)
  const name = encoder.activation === 'gelu_tanh' ? 'gelu' : activation
  return {
    architectures: ['T5ForConditionalGeneration'],
    model_type: 't5',
    is_encoder_decoder: true,
    vocab_size: encoder.vocabSize,
    n_positions: encoder.context,
    num_layers: encoder.layers,
    num_decoder_layers: decoder.layers,
    d_model: encoder.dim,
    num_heads: encoder.heads,
    d_kv: encoder.headDim,
    d_ff: encoder.hiddenDim,
    feed_forward_proj: encoder.gated
      ? `gated-${name}`
      : activationName(encoder.activation, 'gelu_new'),
    relative_attention_num_buckets: encoder.buckets.count,
    relative_attention_max_distance: encoder.buckets.maxDistance,
    layer_norm_epsilon: encoder.normEpsilon,
    dropout_rate: encoder.residualDropout,
    tie_word_embeddings: tied,
    decoder_start_token_id: startId,
    pad_token_id: padId,
  }
}
