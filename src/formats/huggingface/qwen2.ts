import { llamaLike } from './llama-like.ts'
import { qwenWindows, writeQwenWindows } from './qwen-windows.ts'

/** Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on queries, keys and values. */
export const qwen2 = llamaLike({
  modelType: 'qwen2',
  name: 'Qwen2',
  defaults: { context: 32_768, ropeTheta: 10_000, tied: false, kvHeads: 32 },
  mixesWindows: true,
  read: (field, { layers }) => {
    field.only('use_mrope', false)
    return { attentionBias: 'qkv', ...qwenWindows(field, layers) }
  },
  write: (config) => writeQwenWindows(config),
})
