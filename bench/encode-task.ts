import { type Files, writeFolder } from '../src/files/folder.ts'
import { modelFiles } from '../src/formats/huggingface/model-files.ts'
import { bertConfig, bertHead } from '../src/models/encoder-config.ts'
import { t5Config } from '../src/models/encoder-decoder-config.ts'
import { createModel, type ModelConfig } from '../src/models/model.ts'
import type { Bits } from '../src/models/quantize.ts'
import { trainCharTokenizer } from '../src/text/char.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { randomWeights } from './decode-task.ts'

/** A task for both sides; each answers with tokens per second. */
export type EncodeRequest =
  /** Reads texts. */
  | { kind: 'encode'; batch: number; length: number }
  /** Writes `batch` texts at once, greedily, each of `steps` tokens from a source of `length`. */
  | {
      kind: 'write'
      batch: number
      length: number
      steps: number
      /** Bits of the draft model; the text stays the same. */
      draft?: Bits
    }

export interface EncodeAnswer {
  rate: number
}

/** The measured shapes. Weights are random, because speed does not depend on them. */
export const ENCODE_SHAPES = {
  'BERT base': {
    kind: 'encoder',
    tokens: 30_500,
    config: (vocabSize: number): ModelConfig =>
      bertConfig({
        vocabSize,
        context: 512,
        layers: 12,
        dim: 768,
        heads: 12,
        head: bertHead('embed'),
      }),
    requests: { 'batch of 8 x 128': { kind: 'encode', batch: 8, length: 128 } },
  },
  'T5 small': {
    kind: 'encoder-decoder',
    tokens: 32_000,
    config: (vocabSize: number): ModelConfig =>
      t5Config({
        vocabSize,
        context: 512,
        layers: 6,
        dim: 512,
        heads: 8,
        headDim: 64,
        hiddenDim: 2048,
        activation: 'relu',
        gated: false,
        tied: true,
        outputScale: 512 ** -0.5,
        startId: 0,
        padId: 0,
      }),
    requests: {
      '64 tokens from 64': { kind: 'write', batch: 1, length: 64, steps: 64 },
      '64 tokens from 64, 8-bit draft': {
        kind: 'write',
        batch: 1,
        length: 64,
        steps: 64,
        draft: 8,
      },
      '8 texts of 64 tokens from 64': { kind: 'write', batch: 8, length: 64, steps: 64 },
    },
  },
} as const satisfies Record<
  string,
  {
    kind: 'encoder' | 'encoder-decoder'
    tokens: number
    config(vocabSize: number): ModelConfig
    requests: Readonly<Record<string, EncodeRequest>>
  }
>

export type EncodeShape = keyof typeof ENCODE_SHAPES

/** Writes a model of the shape, with random weights and single characters as tokens. */
export async function writeRandomModel(folder: string, shape: EncodeShape): Promise<void> {
  const { kind, tokens, config } = ENCODE_SHAPES[shape]
  const characters = String.fromCodePoint(
    ...Array.from({ length: tokens }, (_, i) => 0x4e00 + i).filter((code) => code < 0xd800),
  )
  const tokenizer = await trainCharTokenizer([characters], { kind })
  await writeFolder(folder, randomFiles(config(tokenizer.vocabSize), tokenizer))
}

/** A model's files, with random weights. */
export function randomFiles(config: ModelConfig, tokenizer: Tokenizer): Files {
  const model = createModel(config)
  const weights = randomWeights(model)
  const tensor = (name: string) => ({ read: async () => weights[name] as Float32Array })
  return modelFiles({ model, tokenizer, values: { tensor } })
}

/** Ids of a text; any that are not special will do. */
export const textIds = (length: number): number[] => Array.from({ length }, (_, i) => 100 + i)
