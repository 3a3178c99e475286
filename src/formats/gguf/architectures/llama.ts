import { type DecoderConfig, llamaConfig } from '../../../models/decoder-config.ts'
import type { ModelConfig } from '../../../models/model.ts'
import type { Activation } from '../../../nn/index.ts'
import { both, type Rename, rename } from '../../tensor-map.ts'
import { float32, uint32 } from '../values.ts'
import type { GgufArchitecture, GgufFieldReader, GgufFields, ShapeOf } from './fields.ts'
import { ROPE_FACTORS, readRope, ropeFactors, writeRope } from './rope.ts'

const FILE = 'blk.{i}'
const OURS = 'model.layers.{i}'

/** What sets one of the architectures that follow Llama's apart. */
export interface LlamaLike {
  architecture: string
  activation?: Activation
  /** Queries and keys are turned in pairs of neighbors, and may be scaled as Llama 3.1's. */
  pairs?: boolean
  /** Every projection may have a bias; else queries, keys and values alone. */
  biases?: boolean
  /** Options that differ from Llama's. */
  read?(fields: GgufFieldReader, config: DecoderConfig, shapeOf: ShapeOf): Partial<DecoderConfig>
  /** The fields of those options. */
  write?(config: DecoderConfig): GgufFields
  renames?: readonly Rename[]
}

/** An architecture whose fields and tensors are Llama's but for what `differs`. */
export function llamaLike(differs: LlamaLike): GgufArchitecture {
  const { architecture, activation = 'silu', pairs = false } = differs
  return {
    name: architecture,
    write: (config: ModelConfig) =>
      config.kind === 'decoder'
        ? { ...writeCommon(config), ...differs.write?.(config) }
        : undefined,
    read: (fields, shapeOf) => {
      const hasFactors = pairs && shapeOf(ROPE_FACTORS) !== undefined
      const common = readCommon(fields, shapeOf, hasFactors)
      const config = { ...common, activation, ...readBiases(shapeOf, differs.biases) }
      return { ...config, ...differs.read?.(fields, config, shapeOf) }
    },
    renames: (config) => {
      const turned = pairs && config.kind === 'decoder' ? config : undefined
      return [...(differs.renames ?? []), ...common(turned?.heads, turned?.kvHeads)]
    },
    ...(pairs && {
      constants: (config: ModelConfig) => (config.kind === 'decoder' ? ropeFactors(config) : []),
    }),
  }
}

/** The vocabulary is as large as the embedding, whatever `vocab_size` says. */
export function readSizes(fields: GgufFieldReader, shapeOf: ShapeOf) {
  fields.ignore('vocab_size', 'attention.layer_norm_epsilon', 'expert_weights_scale')
  const heads = fields.uniform('attention.head_count')
  const dim = fields.number('embedding_length')
  return {
    vocabSize: shapeOf('token_embd.weight')?.[0] ?? 0,
    context: fields.number('context_length'),
    layers: fields.number('block_count'),
    dim,
    heads,
    kvHeads: fields.uniform('attention.head_count_kv', heads),
    headDim: fields.number('attention.key_length', dim / heads),
    hiddenDim: fields.uniform('feed_forward_length'),
  }
}

function readCommon(fields: GgufFieldReader, shapeOf: ShapeOf, hasFactors: boolean): DecoderConfig {
  const sizes = readSizes(fields, shapeOf)
  fields.only('attention.value_length', sizes.headDim)
  fields.only('rope.dimension_count', sizes.headDim)
  return llamaConfig({
    ...sizes,
    ...readRope(fields, hasFactors),
    normEpsilon: fields.number('attention.layer_norm_rms_epsilon'),
    tied: shapeOf('output.weight') === undefined,
  })
}

function readBiases(shapeOf: ShapeOf, all = false): Partial<DecoderConfig> {
  const has = (name: string) => shapeOf(`blk.0.${name}.bias`) !== undefined
  return {
    attentionBias: all && has('attn_output') ? 'all' : has('attn_q') ? 'qkv' : 'none',
    feedForwardBias: all && has('ffn_up'),
  }
}

export const writeSizes = (c: DecoderConfig): GgufFields => ({
  context_length: uint32(c.context),
  embedding_length: uint32(c.dim),
  block_count: uint32(c.layers),
  feed_forward_length: uint32(c.hiddenDim),
  'attention.head_count': uint32(c.heads),
  'attention.head_count_kv': uint32(c.kvHeads),
  vocab_size: uint32(c.vocabSize),
})

const writeCommon = (c: DecoderConfig): GgufFields => ({
  ...writeSizes(c),
  'attention.key_length': uint32(c.headDim),
  'attention.value_length': uint32(c.headDim),
  'attention.layer_norm_rms_epsilon': float32(c.normEpsilon),
  'rope.dimension_count': uint32(c.headDim),
  ...writeRope(c),
})

/** Weights and biases of queries or keys. */
const turned = (name: 'q' | 'k', pairedHeads: number | undefined): Rename[] =>
  both(`${FILE}.attn_${name}`, `${OURS}.self_attn.${name}_proj`).map((one) =>
    pairedHeads ? { ...one, pairedHeads } : one,
  )

/** The tensors of all; parts that a model does not have are passed over. */
const common = (queries: number | undefined, keys: number | undefined): Rename[] => [
  rename('token_embd.weight', 'model.embed_tokens.weight'),
  ...both(`${FILE}.attn_norm`, `${OURS}.input_layernorm`),
  ...turned('q', queries),
  ...turned('k', keys),
  ...both(`${FILE}.attn_v`, `${OURS}.self_attn.v_proj`),
  ...both(`${FILE}.attn_output`, `${OURS}.self_attn.o_proj`),
  rename(`${FILE}.attn_q_norm.weight`, `${OURS}.self_attn.q_norm.weight`),
  rename(`${FILE}.attn_k_norm.weight`, `${OURS}.self_attn.k_norm.weight`),
  ...both(`${FILE}.ffn_norm`, `${OURS}.post_attention_layernorm`),
  ...both(`${FILE}.ffn_gate`, `${OURS}.mlp.gate_proj`),
  ...both(`${FILE}.ffn_up`, `${OURS}.mlp.up_proj`),
  ...both(`${FILE}.ffn_down`, `${OURS}.mlp.down_proj`),
  ...both('output_norm', 'model.norm'),
  rename('output.weight', 'lm_head.weight'),
]

/** Norms behind each part, as Gemma has them; those before it have Llama's names. */
export const outputNorms: readonly Rename[] = [
  rename(`${FILE}.post_attention_norm.weight`, `${OURS}.self_attn_output_norm.weight`),
  rename(`${FILE}.post_ffw_norm.weight`, `${OURS}.mlp_output_norm.weight`),
]

/** A router, and the matrices of all experts in one tensor each. */
const expertRenames: readonly Rename[] = [
  rename(`${FILE}.ffn_gate_inp.weight`, `${OURS}.mlp.gate.weight`),
  ...['gate', 'up', 'down'].map((name) => ({
    ...rename(`${FILE}.ffn_${name}_exps.weight`, `${OURS}.mlp.experts.{e}.${name}_proj.weight`),
    stacked: true,
  })),
]

/** llama.cpp makes the weights of a token's experts add up to 1, in these architectures. */
export function readExperts(
  fields: GgufFieldReader,
  hiddenDim: number,
): Pick<DecoderConfig, 'experts'> {
  const count = fields.number('expert_count', 0)
  if (count === 0) {
    fields.ignore('expert_used_count')
    return {}
  }
  const perToken = fields.uniform('expert_used_count')
  return { experts: { count, perToken, hiddenDim, normalized: true, balance: 0.001 } }
}

const writeExperts = ({ experts }: DecoderConfig): GgufFields =>
  experts
    ? { expert_count: uint32(experts.count), expert_used_count: uint32(experts.perToken) }
    : {}

/** Llama, Mistral without its window, and Mixtral: files do not tell them apart. */
export const llama = llamaLike({
  architecture: 'llama',
  pairs: true,
  biases: true,
  read: (fields, { hiddenDim }) => readExperts(fields, hiddenDim),
  write: writeExperts,
  renames: expertRenames,
})

/**
 * Qwen 2 and 2.5. Its heads are as wide as the model together; others pass for a Llama with biases.
 */
export const qwen2 = llamaLike({
  architecture: 'qwen2',
  read: (_, { dim, heads }) => ({ attentionBias: 'qkv', headDim: dim / heads }),
})

/** Qwen 3. */
export const qwen3 = llamaLike({
  architecture: 'qwen3',
  read: () => ({ qkNorm: true }),
})

/** Qwen 3 with experts in every layer. */
export const qwen3Moe = llamaLike({
  architecture: 'qwen3moe',
  read: (fields) => ({
    qkNorm: true,
    ...readExperts(fields, fields.uniform('expert_feed_forward_length')),
  }),
  write: (config) => ({
    ...writeExperts(config),
    expert_feed_forward_length: uint32(config.experts?.hiddenDim ?? 0),
  }),
  renames: expertRenames,
})
