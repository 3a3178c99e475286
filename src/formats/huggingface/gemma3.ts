import { gemmaNorms, readGemma, writeGemma } from './gemma.ts'
import { llamaLike, qkNorms } from './llama-like.ts'
import { readRopes } from './rope.ts'
import { readLayerTypes, windowsOf, writeLayerTypes } from './windows.ts'

/**
 * Gemma 3's text model (Gemma Team 2025): normalised queries and keys, five layers with a window to
 * one without.
 */
export const gemma3 = llamaLike({
  modelType: 'gemma3_text',
  name: 'Gemma3',
  defaults: {
    context: 131_072,
    ropeTheta: 1_000_000,
    tied: true,
    headDim: 256,
    kvHeads: 4,
    activation: 'gelu_tanh',
  },
  activationField: 'hidden_activation',
  aliases: { _sliding_window_pattern: 'sliding_window_pattern' },
  readRope: (field, options) =>
    readRopes(field, options, { field: 'rope_local_base_freq', theta: 10_000 }),
  mixesWindows: true,
  read: (field, config) => {
    field.only('use_bidirectional_attention', false)
    field.ignore('hidden_act')
    field.only('attn_logit_softcapping', null)
    const size = field.optionalCount('sliding_window') ?? 4096
    const pattern = field.count('sliding_window_pattern', 6)
    const windowed = readLayerTypes(field, config.layers, (layer) => (layer + 1) % pattern !== 0)
    return {
      ...readGemma(field, config),
      ...windowsOf(size, windowed),
      qkNorm: true,
    }
  },
  write: (config) => ({
    ...writeGemma(config),
    sliding_window: config.window ?? null,
    layer_types: writeLayerTypes(config),
    rope_local_base_freq: config.windowRopeTheta,
  }),
  renames: [...gemmaNorms, ...qkNorms(1)],
})
