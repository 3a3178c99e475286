import { bertConfig, bertHead, type EncoderConfig } from '../../models/encoder-config.ts'
import type { HeadConfig, Task } from '../../models/head-config.ts'
import type { Activation } from '../../nn/index.ts'
import { both, type Rename, rename } from '../tensor-map.ts'
import { ACTIVATION_NAMES, type Architecture, activationName } from './architecture.ts'
import type { FieldReader } from './fields.ts'
import { readEncoderHead, writeHead } from './heads.ts'

/** Heads as BERT has them: that for masked tokens has the activation of the layers. */
const headOf =
  (activation: Activation) =>
  (task: Task): HeadConfig =>
    task === 'mlm' ? { ...bertHead(task), dense: activation } : bertHead(task)

/** Fields that BERT and RoBERTa share. `offset`: rows before that of the first position. */
function readBert(
  field: FieldReader,
  offset: number,
  formOf: (activation: Activation) => (task: Task) => HeadConfig,
): EncoderConfig {
  field.only('position_embedding_type', 'absolute')
  field.only('is_decoder', false)
  field.only('add_cross_attention', false)
  field.ignore('initializer_range', 'gradient_checkpointing', 'pooler_fc_size', 'directionality')
  field.ignore('pooler_num_attention_heads', 'pooler_num_fc_layers', 'pooler_size_per_head')
  field.ignore('pooler_type', 'classifier_dropout')
  const dropout = field.rate('hidden_dropout_prob', 0.1)
  const activation = field.word('hidden_act', ACTIVATION_NAMES, 'gelu')
  return bertConfig({
    vocabSize: field.count('vocab_size'),
    context: field.count('max_position_embeddings', 512) - offset,
    positionOffset: offset,
    tokenTypes: field.index('type_vocab_size', 2),
    layers: field.layers('num_hidden_layers', 12),
    dim: field.count('hidden_size', 768),
    heads: field.count('num_attention_heads', 12),
    hiddenDim: field.count('intermediate_size', 3072),
    activation,
    normEpsilon: field.positive('layer_norm_eps', 1e-12),
    embeddingDropout: dropout,
    residualDropout: dropout,
    attentionDropout: field.rate('attention_probs_dropout_prob', 0.1),
    head: readEncoderHead(field, formOf(activation)),
  })
}

const writeBert = (c: EncoderConfig) => ({
  vocab_size: c.vocabSize,
  max_position_embeddings: c.context + c.positionOffset,
  type_vocab_size: c.tokenTypes,
  num_hidden_layers: c.layers,
  hidden_size: c.dim,
  num_attention_heads: c.heads,
  intermediate_size: c.hiddenDim,
  hidden_act: activationName(c.activation),
  layer_norm_eps: c.normEpsilon,
  hidden_dropout_prob: c.residualDropout,
  attention_probs_dropout_prob: c.attentionDropout,
  position_embedding_type: 'absolute',
})

/** Embeddings and layers, behind `prefix`. */
const bertBody = (prefix: string): Rename[] => {
  const [embeddings, layer] = [`${prefix}.embeddings`, `${prefix}.encoder.layer.{i}`]
  const ours = 'model.layers.{i}'
  return [
    rename(`${embeddings}.word_embeddings.weight`, 'model.embed_tokens.weight'),
    rename(`${embeddings}.position_embeddings.weight`, 'model.embed_positions.weight'),
    rename(`${embeddings}.token_type_embeddings.weight`, 'model.embed_types.weight'),
    ...both(`${embeddings}.LayerNorm`, 'model.embed_norm'),
    ...both(`${layer}.attention.self.query`, `${ours}.self_attn.q_proj`),
    ...both(`${layer}.attention.self.key`, `${ours}.self_attn.k_proj`),
    ...both(`${layer}.attention.self.value`, `${ours}.self_attn.v_proj`),
    ...both(`${layer}.attention.output.dense`, `${ours}.self_attn.o_proj`),
    ...both(`${layer}.attention.output.LayerNorm`, `${ours}.input_layernorm`),
    ...both(`${layer}.intermediate.dense`, `${ours}.mlp.up_proj`),
    ...both(`${layer}.output.dense`, `${ours}.mlp.down_proj`),
    ...both(`${layer}.output.LayerNorm`, `${ours}.post_attention_layernorm`),
  ]
}

/** BERT (Devlin et al. 2019). */
export const bert: Architecture = {
  modelType: 'bert',
  prefix: 'bert.',
  read: (field) => readBert(field, 0, headOf),
  write: (c) =>
    c.kind === 'encoder' && c.tokenTypes > 0
      ? { ...writeHead('Bert', c.head, ''), model_type: 'bert', ...writeBert(c) }
      : undefined,
  renames: (head) => [
    ...bertBody('bert'),
    // The pooler is part of the body, whatever the head.
    ...both(head === 'mlm' ? 'cls.predictions.transform.dense' : 'bert.pooler.dense', 'head.dense'),
    ...both('cls.predictions.transform.LayerNorm', 'head.norm'),
    rename('cls.predictions.bias', 'head.bias'),
    ...both('classifier', 'head.output'),
  ],
}

/** RoBERTa (Liu et al. 2019): BERT whose positions begin behind that of padding. */
export const roberta: Architecture = {
  modelType: 'roberta',
  prefix: 'roberta.',
  read: (field) => readBert(field, field.index('pad_token_id', 1) + 1, () => bertHead),
  write: (c) =>
    c.kind === 'encoder' && c.positionOffset > 0
      ? {
          ...writeHead('Roberta', c.head, ''),
          model_type: 'roberta',
          ...writeBert(c),
          pad_token_id: c.positionOffset - 1,
        }
      : undefined,
  renames: (head) => [
    ...bertBody('roberta'),
    ...both(head === 'mlm' ? 'lm_head.dense' : 'classifier.dense', 'head.dense'),
    ...both('lm_head.layer_norm', 'head.norm'),
    rename('lm_head.bias', 'head.bias'),
    ...both(head === 'tag' ? 'classifier' : 'classifier.out_proj', 'head.output'),
  ],
}

/** Hidden layers of pooled heads have ReLU. */
const distilHeadOf =
  (activation: Activation) =>
  (task: Task): HeadConfig => ({
    ...headOf(activation)(task),
    ...((task === 'classify' || task === 'regress') && { dense: 'relu' }),
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
      head: readEncoderHead(field, distilHeadOf(activation)),
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
