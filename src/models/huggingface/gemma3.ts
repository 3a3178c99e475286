import type { DecoderConfig } from '../decoder-config.ts'
import type { FieldReader } from './fields.ts'
import { gemmaNorms, readGemma, writeGemma } from './gemma.ts'
import { llamaLike, qkNorms } from './llama-like.ts'
import { readParameters } from './rope.ts'
import { readLayerTypes, windowsOf, writeLayerTypes } from './windows.ts'

/** Newer files have a set of `rope_parameters` for each kind of layer. */
function readRopes(field: FieldReader, { context }: DecoderConfig): Partial<DecoderConfig> {
  const local = field.number('rope_local_base_freq', 10_000)
  const { full_attention: full, sliding_attention: sliding } = field.object('rope_parameters') ?? {}
  const read = (parameters: unknown, theta: number) =>
    readParameters((parameters ?? {}) as Record<string, unknown>, theta, context)
  const windowRopeTheta = read(sliding, local).ropeTheta
  return full ? { ...read(full, 1_000_000), windowRopeTheta } : { windowRopeTheta }
}

/** Gemma 3's text model (Gemma Team 2025): normalised queries and keys, five layers with a window to one without. */
export const gemma3 = llamaLike({
  modelType: 'gemma3_text',
  name: 'Gemma3',
  defaults: {
    ...{ context: 131_072, ropeTheta: 1_000_000, tied: true },
    ...{ headDim: 256, kvHeads: 4, activation: 'gelu_tanh' },
  },
  activationField: 'hidden_activation',
  read: (field, config) => {
    field.only('use_bidirectional_attention', false)
    field.ignore('hidden_act')
    field.only('attn_logit_softcapping', null)
    const size = field.optionalNumber('sliding_window') ?? 4096
    const pattern = field.number(
      'sliding_window_pattern',
      field.number('_sliding_window_pattern', 6),
    )
    const windowed = readLayerTypes(field, config.layers, (layer) => (layer + 1) % pattern !== 0)
    return {
      ...readGemma(field, config),
      ...windowsOf(size, windowed),
      qkNorm: true,
      ...readRopes(field, config),
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
