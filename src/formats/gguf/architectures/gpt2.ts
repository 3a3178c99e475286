import { gpt2Config } from '../../../models/decoder-config.ts'
import { both, rename } from '../../tensor-map.ts'
import { float32 } from '../values.ts'
import type { GgufArchitecture } from './fields.ts'
import { readSizes, writeSizes } from './llama.ts'

const FILE = 'blk.{i}'
const OURS = 'model.layers.{i}'
const EPSILON = 'attention.layer_norm_epsilon'

/** GPT-2: queries, keys and values are one matrix, (out, in) here too. */
export const gpt2: GgufArchitecture = {
  name: 'gpt2',
  write: (config) =>
    config.kind === 'decoder'
      ? { ...writeSizes(config), [EPSILON]: float32(config.normEpsilon) }
      : undefined,
  read: (fields, shapeOf) => {
    fields.ignore('rope.dimension_count')
    const sizes = readSizes(fields, shapeOf)
    return gpt2Config({
      ...sizes,
      headDim: sizes.dim / sizes.heads,
      normEpsilon: fields.number(EPSILON),
      tied: shapeOf('output.weight') === undefined,
    })
  },
  renames: () => [
    rename('token_embd.weight', 'model.embed_tokens.weight'),
    rename('position_embd.weight', 'model.embed_positions.weight'),
    ...both(`${FILE}.attn_norm`, `${OURS}.input_layernorm`),
    ...both(`${FILE}.attn_qkv`, ...['q', 'k', 'v'].map((x) => `${OURS}.self_attn.${x}_proj`)),
    ...both(`${FILE}.attn_output`, `${OURS}.self_attn.o_proj`),
    ...both(`${FILE}.ffn_norm`, `${OURS}.post_attention_layernorm`),
    ...both(`${FILE}.ffn_up`, `${OURS}.mlp.up_proj`),
    ...both(`${FILE}.ffn_down`, `${OURS}.mlp.down_proj`),
    ...both('output_norm', 'model.norm'),
    rename('output.weight', 'lm_head.weight'),
  ],
}
