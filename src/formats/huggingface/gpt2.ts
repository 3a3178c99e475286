import { gpt2Config } from '../../models/decoder-config.ts'
import { both, type Rename, rename } from '../tensor-map.ts'
import { ACTIVATION_NAMES, type Architecture, activationName } from './architecture.ts'
import { readHead, writeHead } from './heads.ts'

const OURS = 'model.layers.{i}'
const FILE = 'transformer.h.{i}'

/** A projection of GPT-2: its matrix is stored as (in, out), with a bias. */
const projection = (file: string, ...ours: string[]): Rename[] => [
  {
    file: `${FILE}.${file}.weight`,
    ours: ours.map((n) => `${OURS}.${n}.weight`),
    transposed: true,
  },
  { file: `${FILE}.${file}.bias`, ours: ours.map((n) => `${OURS}.${n}.bias`) },
]

/** GPT-2 (Radford et al. 2019). */
export const gpt2: Architecture = {
  modelType: 'gpt2',
  prefix: 'transformer.',
  aliases: {
    hidden_size: 'n_embd',
    max_position_embeddings: 'n_positions',
    num_attention_heads: 'n_head',
    num_hidden_layers: 'n_layer',
  },
  write: (c) =>
    c.kind === 'decoder'
      ? {
          ...writeHead('GPT2', c.head, 'LMHeadModel'),
          model_type: 'gpt2',
          vocab_size: c.vocabSize,
          n_positions: c.context,
          n_ctx: c.context,
          n_layer: c.layers,
          n_embd: c.dim,
          n_head: c.heads,
          n_inner: c.hiddenDim,
          activation_function: activationName(c.activation, 'gelu_new'),
          layer_norm_epsilon: c.normEpsilon,
          embd_pdrop: c.embeddingDropout,
          attn_pdrop: c.attentionDropout,
          resid_pdrop: c.residualDropout,
          tie_word_embeddings: c.tied,
        }
      : undefined,
  read: (field) => {
    field.only('scale_attn_weights', true)
    field.only('scale_attn_by_inverse_layer_idx', false)
    field.only('reorder_and_upcast_attn', false)
    field.only('add_cross_attention', false)
    field.ignore('n_ctx', 'initializer_range', 'task_specific_params', 'summary_activation')
    field.ignore('summary_first_dropout', 'summary_proj_to_labels', 'summary_type')
    field.ignore('summary_use_proj')
    const dim = field.count('n_embd')
    return gpt2Config({
      vocabSize: field.count('vocab_size'),
      context: field.count('n_positions', 1024),
      layers: field.layers('n_layer'),
      dim,
      heads: field.count('n_head'),
      hiddenDim: field.count('n_inner', 4 * dim),
      activation: field.word('activation_function', ACTIVATION_NAMES, 'gelu_new'),
      normEpsilon: field.positive('layer_norm_epsilon', 1e-5),
      tied: field.boolean('tie_word_embeddings', true),
      embeddingDropout: field.rate('embd_pdrop', 0.1),
      attentionDropout: field.rate('attn_pdrop', 0.1),
      residualDropout: field.rate('resid_pdrop', 0.1),
      head: readHead(field),
    })
  },
  renames: (head) => [
    rename('transformer.wte.weight', 'model.embed_tokens.weight'),
    rename('transformer.wpe.weight', 'model.embed_positions.weight'),
    ...both(`${FILE}.ln_1`, `${OURS}.input_layernorm`),
    ...projection('attn.c_attn', 'self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'),
    ...projection('attn.c_proj', 'self_attn.o_proj'),
    ...both(`${FILE}.ln_2`, `${OURS}.post_attention_layernorm`),
    ...projection('mlp.c_fc', 'mlp.up_proj'),
    ...projection('mlp.c_proj', 'mlp.down_proj'),
    ...both('transformer.ln_f', 'model.norm'),
    rename('lm_head.weight', 'lm_head.weight'),
    ...both(head === 'tag' ? 'classifier' : 'score', 'head.output'),
  ],
}
