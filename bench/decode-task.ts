import { Decoder } from '../src/models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../src/models/decoder-config.ts'
import { initialize } from '../src/models/initialize.ts'
import type { Bits } from '../src/models/quantize.ts'
import { Random } from '../src/random.ts'

/** The shapes that are measured; weights are random, since speed does not depend on them. */
export const SHAPES = {
  'GPT-2 small': gpt2Config({ vocabSize: 50_257, context: 1024, layers: 12, dim: 768, heads: 12 }),
  'Llama 110M': llamaConfig({
    vocabSize: 32_000,
    context: 1024,
    layers: 12,
    dim: 768,
    heads: 12,
    hiddenDim: 2048,
  }),
} as const satisfies Record<string, DecoderConfig>

export type ShapeName = keyof typeof SHAPES

/** What both sides are asked to do; each answers with tokens per second, all streams together. */
export type DecodeRequest =
  | { kind: 'prompt'; length: number }
  | {
      kind: 'decode'
      batch: number
      prompt: number
      steps: number
      /** Bits of a quantized copy that makes draft tokens; the tokens stay the same. */
      draft?: Bits
    }

export interface DecodeAnswer {
  rate: number
  /** The tokens that were generated, by stream. */
  ids?: number[][]
}

/** The most streams, and tokens of one, that requests ask for. */
export const STREAMS = 8
export const LONGEST = 512

/** The same weights on every call. */
export function randomModel(shape: ShapeName): {
  decoder: Decoder
  weights: Record<string, Float32Array>
} {
  const decoder = new Decoder(SHAPES[shape])
  const parameters = decoder.parameters()
  const weights: Record<string, Float32Array> = {}
  initialize(decoder, new Random(1), (name) => {
    const size = (parameters.get(name)?.shape ?? []).reduce((a, b) => a * b, 1)
    const memory = new Float32Array(size)
    weights[name] = memory
    return memory
  })
  return { decoder, weights }
}

/** Ids of a prompt; any do. */
export const promptIds = (length: number): number[] => Array.from({ length }, (_, i) => 300 + i)
