import { uint32 } from '../make-value.ts'
import { expertRenames, readExperts, writeExperts } from './experts.ts'
import { llamaLike } from './llama-like.ts'

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
