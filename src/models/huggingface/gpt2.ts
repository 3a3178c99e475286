import type { Activation } from '../../nn/index.ts'
import { type DecoderConfig, gpt2Config } from '../decoder-config.ts'
import type { Family, Rename } from './family.ts'

const OURS = 'model.layers.{i}'
const FILE = 'transformer.h.{i}'

/** GPT-2's names of activations. */
const ACTIVATIONS: Record<string, Activation> = {
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu: 'gelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
}

const named = (activation: Activation): string =>
  Object.keys(ACTIVATIONS).find((name) => ACTIVATIONS[name] === activation) ?? activation

/** A projection of GPT-2: its matrix is stored as (in, out), with a bias. */
const projection = (file: string, ...ours: string[]): Rename[] => [
  {
    file: `${FILE}.${file}.weight`,
    ours: ours.map((n) => `${OURS}.${n}.weight`),
    transposed: true,
  },
  { file: `${FILE}.${file}.bias`, ours: ours.map((n) => `${OURS}.${n}.bias`) },
]

const norm = (file: string, ours: string): Rename[] =>
  ['weight', 'bias'].map((part) => ({ file: `${file}.${part}`, ours: [`${ours}.${part}`] }))

/** GPT-2 (Radford et al. 2019). */
export const gpt2: Family = {
  modelType: 'gpt2',
  fits: (c) =>
    c.positions === 'learned' &&
    c.norm === 'layer' &&
    c.bias &&
    !c.gated &&
    c.kvHeads === c.heads &&
    c.headDim * c.heads === c.dim,
  write: (c) => ({
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    vocab_size: c.vocabSize,
    n_positions: c.context,
    n_ctx: c.context,
    n_layer: c.layers,
    n_embd: c.dim,
    n_head: c.heads,
    n_inner: c.hiddenDim,
    activation_function: named(c.activation),
    layer_norm_epsilon: c.normEpsilon,
    embd_pdrop: c.embeddingDropout,
    attn_pdrop: c.attentionDropout,
    resid_pdrop: c.residualDropout,
    tie_word_embeddings: c.tied,
    torch_dtype: 'float32',
  }),
  read: (field): DecoderConfig => {
    field.only('scale_attn_weights', true)
    field.only('scale_attn_by_inverse_layer_idx', false)
    field.only('reorder_and_upcast_attn', false)
    field.only('add_cross_attention', false)
    field.ignore('n_ctx', 'initializer_range', 'summary_activation', 'summary_first_dropout')
    field.ignore(
      'summary_proj_to_labels',
      'summary_type',
      'summary_use_proj',
      'task_specific_params',
    )
    const activation = ACTIVATIONS[field.string('activation_function', 'gelu_new')]
    if (!activation) field.only('activation_function', ...Object.keys(ACTIVATIONS))
    const dim = field.number('n_embd')
    return gpt2Config({
      vocabSize: field.number('vocab_size'),
      context: field.number('n_positions', 1024),
      layers: field.number('n_layer'),
      dim,
      heads: field.number('n_head'),
      hiddenDim: field.number('n_inner', 4 * dim),
      activation,
      normEpsilon: field.number('layer_norm_epsilon', 1e-5),
      tied: field.boolean('tie_word_embeddings', true),
      embeddingDropout: field.number('embd_pdrop', 0.1),
      attentionDropout: field.number('attn_pdrop', 0.1),
      residualDropout: field.number('resid_pdrop', 0.1),
    })
  },
  renames: [
    { file: 'transformer.wte.weight', ours: ['model.embed_tokens.weight'] },
    { file: 'transformer.wpe.weight', ours: ['model.embed_positions.weight'] },
    ...norm(`${FILE}.ln_1`, `${OURS}.input_layernorm`),
    ...projection('attn.c_attn', 'self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'),
    ...projection('attn.c_proj', 'self_attn.o_proj'),
    ...norm(`${FILE}.ln_2`, `${OURS}.post_attention_layernorm`),
    ...projection('mlp.c_fc', 'mlp.up_proj'),
    ...projection('mlp.c_proj', 'mlp.down_proj'),
    ...norm('transformer.ln_f', 'model.norm'),
    { file: 'lm_head.weight', ours: ['lm_head.weight'] },
  ],
}
