import { llamaLike, qkNorms } from './llama-like.ts'
import { qwenWindows, writeQwenWindows } from './qwen-windows.ts'

/** Qwen 3 (Yang et al. 2025): Llama with normalised queries and keys. */
export const qwen3 = llamaLike({
  modelType: 'qwen3',
  name: 'Qwen3',
  defaults: { context: 32_768, ropeTheta: 10_000, tied: false, headDim: 128, kvHeads: 32 },
  mixesWindows: true,
  read: (field, { layers }) => ({
    qkNorm: true,
    attentionBias: field.boolean('attention_bias', false) ? 'all' : 'none',
    ...qwenWindows(field, layers),
  }),
  write: (config) => ({
    attention_bias: config.attentionBias === 'all',
    ...writeQwenWindows(config),
  }),
  renames: qkNorms(),
})
