import type { Activation } from '../../nn/index.ts'
import { type DecoderConfig, llamaConfig } from '../decoder-config.ts'
import type { Family, Rename } from './family.ts'

const LAYER = 'model.layers.{i}'

/** Parameters bear this family's names already. */
const same = (name: string): Rename => ({ file: name, ours: [name] })

const projections = ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) => `self_attn.${name}`)
const feedForward = ['gate_proj', 'up_proj', 'down_proj'].map((name) => `mlp.${name}`)

/** Llama 2 and 3 (Touvron et al. 2023; Grattafiori et al. 2024). */
export const llama: Family = {
  modelType: 'llama',
  fits: (c) =>
    c.positions === 'rotary' && c.norm === 'rms' && c.gated && c.activation === 'silu' && !c.bias,
  write: (c) => ({
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: c.vocabSize,
    max_position_embeddings: c.context,
    num_hidden_layers: c.layers,
    hidden_size: c.dim,
    num_attention_heads: c.heads,
    num_key_value_heads: c.kvHeads,
    head_dim: c.headDim,
    intermediate_size: c.hiddenDim,
    rope_theta: c.ropeTheta,
    rms_norm_eps: c.normEpsilon,
    hidden_act: c.activation,
    tie_word_embeddings: c.tied,
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: c.attentionDropout,
    torch_dtype: 'float32',
  }),
  read: (field): DecoderConfig => {
    field.only('attention_bias', false)
    field.only('mlp_bias', false)
    field.only('rope_scaling', null)
    field.only('hidden_act', 'silu')
    field.ignore('pretraining_tp', 'initializer_range')
    const heads = field.number('num_attention_heads')
    const dim = field.number('hidden_size')
    return llamaConfig({
      vocabSize: field.number('vocab_size'),
      context: field.number('max_position_embeddings', 2048),
      layers: field.number('num_hidden_layers'),
      dim,
      heads,
      kvHeads: field.number('num_key_value_heads', heads),
      headDim: field.number('head_dim', dim / heads),
      hiddenDim: field.number('intermediate_size'),
      ropeTheta: field.number('rope_theta', 10_000),
      normEpsilon: field.number('rms_norm_eps', 1e-6),
      activation: 'silu' satisfies Activation,
      tied: field.boolean('tie_word_embeddings', false),
      attentionDropout: field.number('attention_dropout', 0),
    })
  },
  renames: [
    same('model.embed_tokens.weight'),
    ...[...projections, ...feedForward].map((name) => same(`${LAYER}.${name}.weight`)),
    same(`${LAYER}.input_layernorm.weight`),
    same(`${LAYER}.post_attention_layernorm.weight`),
    same('model.norm.weight'),
    same('lm_head.weight'),
  ],
}
