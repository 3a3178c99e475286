import { UserError } from '../../../errors.ts'
import { type EncoderDecoderConfig, t5Config } from '../../../models/encoder-decoder-config.ts'
import { type Rename, rename } from '../../tensor-map.ts'
import { flag, float32, uint32 } from '../values.ts'
import type { GgufArchitecture, GgufFields } from './fields.ts'

const EPSILON = 'attention.layer_norm_rms_epsilon'
const BUCKETS = 'attention.relative_buckets_count'
/**
 * Ours: the output's matrix is that of the embedding, times a factor that llama.cpp does not know.
 */
const TIED = 'chatwright.tied_output'
const PADDING = 'tokenizer.ggml.padding_token_id'

/** Attention of a part of a block. */
const attention = (file: string, ours: string): Rename[] =>
  ['q', 'k', 'v', 'o'].map((name) =>
    rename(`${file}_${name}.weight`, `${ours}.${name}_proj.weight`),
  )

const side = (short: 'enc' | 'dec', name: 'encoder' | 'decoder'): Rename[] => {
  const [file, ours] = [`${short}.blk.{i}`, `model.${name}.layers.{i}`]
  return [
    ...attention(`${file}.attn`, `${ours}.self_attn`),
    rename(`${file}.attn_norm.weight`, `${ours}.input_layernorm.weight`),
    rename(`${short}.blk.0.attn_rel_b.weight`, `model.${name}.relative_bias.weight`),
    ...attention(`${file}.cross_attn`, `${ours}.cross_attn`),
    rename(`${file}.cross_attn_norm.weight`, `${ours}.cross_attn_layernorm.weight`),
    rename(`${file}.ffn_gate.weight`, `${ours}.mlp.gate_proj.weight`),
    rename(`${file}.ffn_up.weight`, `${ours}.mlp.up_proj.weight`),
    rename(`${file}.ffn_down.weight`, `${ours}.mlp.down_proj.weight`),
    rename(`${file}.ffn_norm.weight`, `${ours}.post_attention_layernorm.weight`),
    rename(`${short}.output_norm.weight`, `model.${name}.norm.weight`),
  ]
}

/** T5 and its version 1.1. llama.cpp knows relative positions up to 128. */
export const t5: GgufArchitecture = {
  name: 't5',
  write: (config) => (config.kind === 'encoder-decoder' ? writeT5(config) : undefined),
  metadata: (config) => ({
    [PADDING]: uint32(config.kind === 'encoder-decoder' ? config.padId : 0),
  }),
  read: (fields, shapeOf) => {
    fields.ignore('vocab_size', 'attention.layer_norm_epsilon', 'attention.head_count_kv')
    const dim = fields.number('embedding_length')
    const heads = fields.uniform('attention.head_count')
    const layers = fields.number('block_count')
    const headDim = fields.number('attention.key_length', dim / heads)
    const gated = shapeOf('enc.blk.0.ffn_gate.weight') !== undefined
    const tied = shapeOf('output.weight') === undefined || fields.boolean(TIED, false)
    fields.only('attention.value_length', headDim)
    return t5Config({
      vocabSize: shapeOf('token_embd.weight')?.[0] ?? 0,
      context: fields.number('context_length', 512),
      layers,
      decoderLayers: fields.number('decoder_block_count', layers),
      dim,
      heads,
      headDim,
      gated,
      tied,
      hiddenDim: fields.uniform('feed_forward_length'),
      activation: gated ? 'gelu_tanh' : 'relu',
      normEpsilon: fields.number(EPSILON),
      buckets: { count: fields.number(BUCKETS), maxDistance: 128 },
      outputScale: tied ? dim ** -0.5 : 1,
      startId: fields.number('decoder_start_token_id', 0),
      padId: fields.globalNumber(PADDING, 0),
    })
  },
  renames: (config) => {
    const output =
      config.kind === 'encoder-decoder' && config.tied
        ? { ...rename('output.weight', 'model.shared.weight'), times: config.outputScale }
        : rename('output.weight', 'lm_head.weight')
    return [
      rename('token_embd.weight', 'model.shared.weight'),
      ...side('enc', 'encoder'),
      ...side('dec', 'decoder'),
      output,
    ]
  },
}

function writeT5({ encoder, decoder, tied, startId }: EncoderDecoderConfig): GgufFields {
  if (decoder.layers > encoder.layers)
    throw new UserError(
      `decoder.layers is ${decoder.layers}; llama.cpp opens no T5 whose decoder has more layers ` +
        `than its encoder (${encoder.layers})`,
    )
  return {
    context_length: uint32(encoder.context),
    embedding_length: uint32(encoder.dim),
    block_count: uint32(encoder.layers),
    decoder_block_count: uint32(decoder.layers),
    feed_forward_length: uint32(encoder.hiddenDim),
    'attention.head_count': uint32(encoder.heads),
    'attention.key_length': uint32(encoder.headDim),
    'attention.value_length': uint32(encoder.headDim),
    [EPSILON]: float32(encoder.normEpsilon),
    [BUCKETS]: uint32(encoder.buckets.count),
    decoder_start_token_id: uint32(startId),
    ...(tied && { [TIED]: flag(true) }),
  }
}
