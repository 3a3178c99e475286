import { bertConfig, bertHead, type EncoderConfig } from '../../../models/encoder-config.ts'
import { REWARD } from '../../../models/head-config.ts'
import { both, rename } from '../../tensor-map.ts'
import { flag, float32, texts, uint32 } from '../values.ts'
import type { GgufArchitecture, GgufFieldReader, GgufFields, ShapeOf } from './fields.ts'

const FILE = 'blk.{i}'
const OURS = 'model.layers.{i}'
const EPSILON = 'attention.layer_norm_epsilon'
const LABELS = 'classifier.output_labels'

/** llama.cpp's numbers of ways to make one vector of a text; the last is that of classifiers. */
const POOLINGS = { mean: 1, first: 2, last: 3 } as const
const RANK = 4

/**
 * BERT: its body with a vector for each text, or with a classifier. llama.cpp's GELU is the
 * approximate one.
 */
export const bert: GgufArchitecture = {
  name: 'bert',
  write: (config) => (config.kind === 'encoder' ? writeBert(config) : undefined),
  // llama.cpp wants one kind at least, even where DistilBERT has no table of them.
  metadata: (config) => ({
    'tokenizer.ggml.token_type_count': uint32(
      config.kind === 'encoder' ? Math.max(1, config.tokenTypes) : 1,
    ),
  }),
  read: (fields, shapeOf) => {
    fields.ignore('vocab_size', 'attention.causal', 'rope.freq_base')
    return bertConfig({
      vocabSize: shapeOf('token_embd.weight')?.[0] ?? 0,
      context: fields.number('context_length'),
      tokenTypes: shapeOf('token_types.weight')?.[0] ?? 0,
      layers: fields.number('block_count'),
      dim: fields.number('embedding_length'),
      heads: fields.uniform('attention.head_count'),
      hiddenDim: fields.uniform('feed_forward_length'),
      normEpsilon: fields.number(EPSILON),
      head: readHead(fields, shapeOf),
    })
  },
  renames: () => [
    rename('token_embd.weight', 'model.embed_tokens.weight'),
    rename('position_embd.weight', 'model.embed_positions.weight'),
    rename('token_types.weight', 'model.embed_types.weight'),
    ...both('token_embd_norm', 'model.embed_norm'),
    ...both(`${FILE}.attn_q`, `${OURS}.self_attn.q_proj`),
    ...both(`${FILE}.attn_k`, `${OURS}.self_attn.k_proj`),
    ...both(`${FILE}.attn_v`, `${OURS}.self_attn.v_proj`),
    ...both(`${FILE}.attn_output`, `${OURS}.self_attn.o_proj`),
    ...both(`${FILE}.attn_output_norm`, `${OURS}.input_layernorm`),
    ...both(`${FILE}.ffn_up`, `${OURS}.mlp.up_proj`),
    ...both(`${FILE}.ffn_down`, `${OURS}.mlp.down_proj`),
    ...both(`${FILE}.layer_output_norm`, `${OURS}.post_attention_layernorm`),
    ...both('cls', 'head.dense'),
    ...both('cls.output', 'head.output'),
  ],
}

function writeBert(c: EncoderConfig): GgufFields {
  const { task, labels, pooling } = c.head
  const isEmbedding = task === 'embed'
  return {
    context_length: uint32(c.context),
    embedding_length: uint32(c.dim),
    block_count: uint32(c.layers),
    feed_forward_length: uint32(c.hiddenDim),
    'attention.head_count': uint32(c.heads),
    [EPSILON]: float32(c.normEpsilon),
    'attention.causal': flag(false),
    pooling_type: uint32(isEmbedding ? POOLINGS[pooling] : RANK),
    ...(labels.length > 0 && { [LABELS]: texts(labels) }),
  }
}

function readHead(fields: GgufFieldReader, shapeOf: ShapeOf): EncoderConfig['head'] {
  const type = fields.number('pooling_type', POOLINGS.first)
  const outputs = shapeOf('cls.output.weight')?.[0]
  if (outputs !== undefined) {
    const labels = [...fields.strings(LABELS, [])]
    if (outputs === 1 && labels.every((label) => label === REWARD))
      return bertHead('regress', labels)
    return bertHead(
      'classify',
      labels.length > 0 ? labels : Array.from({ length: outputs }, (_, i) => `LABEL_${i}`),
    )
  }
  const names = Object.keys(POOLINGS) as (keyof typeof POOLINGS)[]
  const pooling = names.find((name) => POOLINGS[name] === type) ?? 'mean'
  return { ...bertHead('embed'), pooling }
}
