import { bertConfig, bertHead } from '../../models/encoder-config.ts'
import type { HeadConfig } from '../../models/head-config.ts'
import type { Activation } from '../../nn/index.ts'
import { both, rename } from '../tensor-map.ts'
import { ACTIVATION_NAMES, activationName } from './activations.ts'
import type { Architecture } from './architecture.ts'
import { type HeadForms, onlyTied, readHead, writeHead } from './heads.ts'

const pooled: Partial<HeadConfig> = { ...bertHead('classify'), dense: 'relu' }

/** That for hidden words has the activation of the layers. */
const headsOf = (activation: Activation): HeadForms => ({
  mlm: { ...bertHead('mlm'), dense: activation },
  classify: pooled,
  regress: { ...pooled, task: 'regress' },
  tag: bertHead('tag'),
  embed: bertHead('embed'),
})

const [LAYER, OURS] = ['distilbert.transformer.layer.{i}', 'model.layers.{i}']

/** DistilBERT (Sanh et al. 2019): BERT without token types. */
export const distilbert: Architecture = {
  modelType: 'distilbert',
  prefix: 'distilbert.',
  aliases: {
    hidden_size: 'dim',
    num_attention_heads: 'n_heads',
    num_hidden_layers: 'n_layers',
  },
  read: (field) => {
    field.only('sinusoidal_pos_embds', false, true) // they are stored in any case
    field.ignore('initializer_range', 'qa_dropout', 'seq_classif_dropout', 'tie_weights_')
    const dropout = field.rate('dropout', 0.1)
    const activation = field.word('activation', ACTIVATION_NAMES, 'gelu')
    const heads = headsOf(activation)
    return bertConfig({
      vocabSize: field.count('vocab_size'),
      context: field.count('max_position_embeddings', 512),
      tokenTypes: 0,
      layers: field.layers('n_layers', 6),
      dim: field.count('dim', 768),
      heads: field.count('n_heads', 12),
      hiddenDim: field.count('hidden_dim', 3072),
      activation,
      embeddingDropout: dropout,
      residualDropout: dropout,
      attentionDropout: field.rate('attention_dropout', 0.1),
      head: onlyTied(field, readHead(field, heads) ?? { ...bertHead('mlm'), ...heads.mlm }),
    })
  },
  write: (c) =>
    c.kind === 'encoder'
      ? {
          ...writeHead('DistilBert', c.head, ''),
          model_type: 'distilbert',
          vocab_size: c.vocabSize,
          max_position_embeddings: c.context,
          n_layers: c.layers,
          dim: c.dim,
          n_heads: c.heads,
          hidden_dim: c.hiddenDim,
          activation: activationName(c.activation),
          dropout: c.residualDropout,
          attention_dropout: c.attentionDropout,
          sinusoidal_pos_embds: false,
        }
      : undefined,
  renames: (head) => [
    rename('distilbert.embeddings.word_embeddings.weight', 'model.embed_tokens.weight'),
    rename('distilbert.embeddings.position_embeddings.weight', 'model.embed_positions.weight'),
    ...both('distilbert.embeddings.LayerNorm', 'model.embed_norm'),
    ...both(`${LAYER}.attention.q_lin`, `${OURS}.self_attn.q_proj`),
    ...both(`${LAYER}.attention.k_lin`, `${OURS}.self_attn.k_proj`),
    ...both(`${LAYER}.attention.v_lin`, `${OURS}.self_attn.v_proj`),
    ...both(`${LAYER}.attention.out_lin`, `${OURS}.self_attn.o_proj`),
    ...both(`${LAYER}.sa_layer_norm`, `${OURS}.input_layernorm`),
    ...both(`${LAYER}.ffn.lin1`, `${OURS}.mlp.up_proj`),
    ...both(`${LAYER}.ffn.lin2`, `${OURS}.mlp.down_proj`),
    ...both(`${LAYER}.output_layer_norm`, `${OURS}.post_attention_layernorm`),
    ...both(head === 'mlm' ? 'vocab_transform' : 'pre_classifier', 'head.dense'),
    ...both('vocab_layer_norm', 'head.norm'),
    rename('vocab_projector.bias', 'head.bias'),
    ...both('classifier', 'head.output'),
  ],
}
