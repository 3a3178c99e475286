import { t5Config, transformerConfig } from '../../src/models/encoder-decoder-config.ts'
import type { Case } from '../torch-agreement.ts'
import { grouped, small } from './sizes.ts'

const t5 = { ...small, headDim: 6, buckets: { count: 8, maxDistance: 5 } }
const first = {
  activation: 'relu',
  gated: false,
  tied: true,
  outputScale: small.dim ** -0.5,
} as const

export const encoderDecoders: Record<string, Case> = {
  'T5, the first': ['t5', t5Config({ ...t5, ...first, decoderLayers: 1 })],
  'T5 1.1': ['t5', t5Config(t5)],
  'T5 1.1, smoothed labels': ['t5', t5Config(t5), { labelSmoothing: 0.1 }],
  'T5 with SiLU': ['t5', t5Config({ ...t5, activation: 'silu' })],
  'Fusion-in-Decoder, the first T5': ['t5', t5Config({ ...t5, ...first }), { sources: 3 }],
  'Fusion-in-Decoder, T5 1.1': ['t5', t5Config(t5), { sources: 2 }],
  'the Transformer of 2017': ['chatwright', transformerConfig({ ...small, startId: 1 })],
  'the Transformer of 2017, untied, deeper decoder': [
    'chatwright',
    transformerConfig({ ...small, decoderLayers: 3, tied: false }),
  ],
  'ours: grouped queries, rotary positions, many sources': [
    'chatwright',
    transformerConfig({ ...grouped, positions: 'rotary', normPosition: 'pre', outputScale: 0.5 }),
    { sources: 2 },
  ],
}
