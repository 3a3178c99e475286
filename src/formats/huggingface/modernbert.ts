import { modernBertConfig, modernBertHead } from '../../models/encoder-config.ts'
import type { HeadConfig } from '../../models/head-config.ts'
import { both, rename } from '../tensor-map.ts'
import { ACTIVATION_NAMES, type Architecture, activationName } from './architecture.ts'
import { readEncoderHead, writeHead } from './heads.ts'
import { readRopes } from './rope.ts'
import { readLayerTypes, windowsOf, writeLayerTypes } from './windows.ts'

const [LAYER, OURS] = ['model.layers.{i}', 'model.layers.{i}']

const POOLINGS = { cls: 'first', mean: 'mean' } as const

/** ModernBERT (Warner et al. 2024). */
export const modernbert: Architecture = {
  modelType: 'modernbert',
  prefix: 'model.',
  read: (field) => {
    for (const name of ['attention_bias', 'mlp_bias', 'norm_bias', 'classifier_bias'])
      field.only(name, false)
    field.only('decoder_bias', true)
    field.only('classifier_activation', 'gelu')
    field.only('position_embedding_type', 'absolute', 'rope')
    field.ignore('initializer_range', 'initializer_cutoff_factor', 'deterministic_flash_attn')
    field.ignore(
      'sparse_prediction',
      'sparse_pred_ignore_index',
      'reference_compile',
      'repad_logits_with_grad',
    )
    field.ignore('embedding_dropout', 'classifier_dropout', 'gradient_checkpointing')
    field.ignore('layer_norm_eps', 'cls_token_id', 'sep_token_id')
    const layers = field.layers('num_hidden_layers', 22)
    const every = field.count('global_attn_every_n_layers', 3)
    const windowed = readLayerTypes(field, layers, (layer) => layer % every !== 0)
    // A position sees so many others in all, half of them on each side.
    const size = Math.floor(field.index('local_attention', 128) / 2) + 1
    const context = field.count('max_position_embeddings', 8192)
    const pooling: HeadConfig['pooling'] = field.word('classifier_pooling', POOLINGS, 'cls')
    return {
      ...modernBertConfig({
        vocabSize: field.count('vocab_size'),
        context,
        layers,
        dim: field.count('hidden_size', 768),
        heads: field.count('num_attention_heads', 12),
        hiddenDim: field.count('intermediate_size', 1152),
        activation: field.word('hidden_activation', ACTIVATION_NAMES, 'gelu'),
        normEpsilon: field.positive('norm_eps', 1e-5),
        ...readRopes(
          field,
          { field: 'global_rope_theta', theta: 160_000, context },
          // Null is that of the other layers.
          { field: 'local_rope_theta', theta: field.optionalPositive('local_rope_theta', 10_000) },
        ),
        residualDropout: field.rate('mlp_dropout', 0),
        attentionDropout: field.rate('attention_dropout', 0),
        head: readEncoderHead(field, (task) => ({
          ...modernBertHead(task),
          ...((task === 'classify' || task === 'regress') && { pooling }),
        })),
      }),
      window: undefined,
      windowed: undefined,
      ...windowsOf(size, windowed),
    }
  },
  write: (c) =>
    c.kind === 'encoder'
      ? {
          ...writeHead('ModernBert', c.head, ''),
          model_type: 'modernbert',
          vocab_size: c.vocabSize,
          max_position_embeddings: c.context,
          num_hidden_layers: c.layers,
          hidden_size: c.dim,
          num_attention_heads: c.heads,
          intermediate_size: c.hiddenDim,
          hidden_activation: activationName(c.activation),
          norm_eps: c.normEpsilon,
          global_rope_theta: c.ropeTheta,
          local_rope_theta: c.windowRopeTheta ?? c.ropeTheta,
          local_attention: c.window === undefined ? 128 : 2 * (c.window - 1),
          global_attn_every_n_layers: globalEvery(c),
          layer_types: writeLayerTypes(c),
          classifier_pooling: c.head.pooling === 'mean' ? 'mean' : 'cls',
          mlp_dropout: c.residualDropout,
          attention_dropout: c.attentionDropout,
        }
      : undefined,
  renames: () => [
    rename('model.embeddings.tok_embeddings.weight', 'model.embed_tokens.weight'),
    rename('model.embeddings.norm.weight', 'model.embed_norm.weight'),
    rename(`${LAYER}.attn_norm.weight`, `${OURS}.input_layernorm.weight`),
    rename(
      `${LAYER}.attn.Wqkv.weight`,
      ...['q_proj', 'k_proj', 'v_proj'].map((name) => `${OURS}.self_attn.${name}.weight`),
    ),
    rename(`${LAYER}.attn.Wo.weight`, `${OURS}.self_attn.o_proj.weight`),
    rename(`${LAYER}.mlp_norm.weight`, `${OURS}.post_attention_layernorm.weight`),
    rename(`${LAYER}.mlp.Wi.weight`, `${OURS}.mlp.gate_proj.weight`, `${OURS}.mlp.up_proj.weight`),
    rename(`${LAYER}.mlp.Wo.weight`, `${OURS}.mlp.down_proj.weight`),
    rename('model.final_norm.weight', 'model.norm.weight'),
    ...both('head.dense', 'head.dense'),
    rename('head.norm.weight', 'head.norm.weight'),
    rename('decoder.bias', 'head.bias'),
    ...both('classifier', 'head.output'),
  ],
}

const globalEvery = ({ windowed, window }: { windowed?: readonly boolean[]; window?: number }) => {
  if (window === undefined) return 1
  const second = windowed?.indexOf(false, 1) ?? -1
  return second > 0 ? second : (windowed?.length ?? 1)
}
