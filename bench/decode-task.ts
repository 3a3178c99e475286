import { Decoder } from '../src/models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../src/models/decoder-config.ts'
import { initialize, parameterMemory } from '../src/models/parameters.ts'
import type { Bits } from '../src/models/quantize.ts'
import type { Module } from '../src/nn/index.ts'
import { Random } from '../src/random.ts'

/** The measured shapes. Weights are random, because speed does not depend on them. */
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

/** A task for both sides; each answers with tokens per second, all streams together. */
export type DecodeRequest =
  | { kind: 'prompt'; length: number }
  | {
      kind: 'decode'
      batch: number
      prompt: number
      steps: number
      /** Bits of the draft model; the text stays the same. */
      draft?: Bits
    }

export interface DecodeAnswer {
  rate: number
  /** The tokens that were generated, by stream. */
  ids?: number[][]
}

/** The most streams of a request, and the most tokens of one. */
export const STREAMS = 8
export const LONGEST = 512

/** A model's initial weights. */
export function randomWeights(model: Module, random = new Random(1)): Record<string, Float32Array> {
  const weights = parameterMemory(model)
  initialize(model, random, (name) => weights[name] as Float32Array)
  return weights
}

export function randomModel(shape: ShapeName) {
  const decoder = new Decoder(SHAPES[shape])
  return { decoder, weights: randomWeights(decoder) }
}

/** Ids of a prompt; any will do. */
export const promptIds = (length: number): number[] => Array.from({ length }, (_, i) => 300 + i)
