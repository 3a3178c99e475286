import { bertConfig, bertHead, type EncoderConfig } from '../../models/encoder-config.ts'
import type { Activation } from '../../nn/index.ts'
import { both, type Rename, rename } from '../tensor-map.ts'
import { ACTIVATION_NAMES, activationName } from './activations.ts'
import type { Architecture } from './architecture.ts'
import type { FieldReader } from './fields.ts'
import { type HeadForms, onlyTied, readHead, writeHead } from './heads.ts'

/** Heads as BERT has them: that for hidden words has the activation of the layers. */
const bertHeads = (activation: Activation): HeadForms => ({
  ...BERT_HEADS,
  mlm: { ...bertHead('mlm'), dense: activation },
})

/** Heads as RoBERTa has them. */
export const BERT_HEADS: HeadForms = {
  mlm: bertHead('mlm'),
  classify: bertHead('classify'),
  regress: bertHead('regress'),
  tag: bertHead('tag'),
  embed: bertHead('embed'),
}

/** Fields that BERT and RoBERTa share. `offset`: rows before that of the first position. */
export function readBert(
  field: FieldReader,
  { offset, types }: { offset: number; types: number },
  heads: (activation: Activation) => HeadForms,
): EncoderConfig {
  field.only('position_embedding_type', 'absolute')
  field.only('is_decoder', false)
  field.only('add_cross_attention', false)
  field.ignore('initializer_range', 'gradient_checkpointing', 'pooler_fc_size', 'directionality')
  field.ignore('pooler_num_attention_heads', 'pooler_num_fc_layers', 'pooler_size_per_head')
  field.ignore('pooler_type', 'classifier_dropout')
  const dropout = field.rate('hidden_dropout_prob', 0.1)
  const activation = field.word('hidden_act', ACTIVATION_NAMES, 'gelu')
  const forms = heads(activation)
  return bertConfig({
    vocabSize: field.count('vocab_size'),
    context: field.count('max_position_embeddings', 512) - offset,
    positionOffset: offset,
    tokenTypes: field.index('type_vocab_size', types),
    layers: field.layers('num_hidden_layers', 12),
    dim: field.count('hidden_size', 768),
    heads: field.count('num_attention_heads', 12),
    hiddenDim: field.count('intermediate_size', 3072),
    activation,
    normEpsilon: field.positive('layer_norm_eps', 1e-12),
    embeddingDropout: dropout,
    residualDropout: dropout,
    attentionDropout: field.rate('attention_probs_dropout_prob', 0.1),
    head: onlyTied(field, readHead(field, forms) ?? { ...bertHead('mlm'), ...forms.mlm }),
  })
}

export const writeBert = (c: EncoderConfig) => ({
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
export const bertBody = (prefix: string): Rename[] => {
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
  read: (field) => readBert(field, { offset: 0, types: 2 }, bertHeads),
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
