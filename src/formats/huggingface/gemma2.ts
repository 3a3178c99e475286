import { gemmaNorms, readGemma, writeGemma } from './gemma.ts'
import { llamaLike } from './llama-like.ts'
import { readLayerTypes, windowsOf, writeLayerTypes } from './windows.ts'

/**
 * Gemma 2 (Gemma Team 2024): bounded scores and logits, norms on both sides, a window in every
 * other layer.
 */
export const gemma2 = llamaLike({
  modelType: 'gemma2',
  name: 'Gemma2',
  defaults: {
    context: 8192,
    ropeTheta: 10_000,
    tied: true,
    headDim: 256,
    kvHeads: 4,
    activation: 'gelu_tanh',
  },
  activationField: 'hidden_activation',
  mixesWindows: true,
  read: (field, config) => {
    field.ignore('hidden_act', 'use_bidirectional_attention')
    const size = field.optionalCount('sliding_window') ?? 4096
    const windowed = readLayerTypes(field, config.layers, (layer) => layer % 2 === 0)
    const caps = { attention: 50, logits: 30 }
    return { ...readGemma(field, config, caps), ...windowsOf(size, windowed) }
  },
  write: (config) => ({
    ...writeGemma(config),
    sliding_window: config.window ?? null,
    layer_types: writeLayerTypes(config),
  }),
  renames: gemmaNorms,
})
