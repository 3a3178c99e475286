import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFile as writePieces } from '../src/files/node-file.ts'
import { encodeSafetensors, type TensorToWrite } from '../src/formats/safetensors/safetensors.ts'
import { Decoder } from '../src/models/decoder.ts'
import { type DecoderConfig, gpt2Config } from '../src/models/decoder-config.ts'
import { Random } from '../src/random.ts'
import { randomWeights } from './decode-task.ts'

/** A GPT-2, and the batches that it is trained on. */
export interface TrainingSizes {
  layers: number
  heads: number
  /** Width of the residual stream. */
  width: number
  /** Tokens of a sequence. */
  context: number
  vocabulary: number
  /** Sequences of a step. */
  batch: number
}

/** What a process that trains receives, as JSON. */
export interface TrainingTask extends TrainingSizes {
  /** Steps before the timed ones. */
  warmup: number
  steps: number
  /** Learning rate. */
  rate: number
  threads: number
  /** Safetensors file of the initial weights. */
  weights: string
  /** File of tokens, (BATCHES, batch, context + 1) int32, used in turn and over again. */
  batches: string
}

/** What it answers. */
export type TrainingResult = z.infer<typeof trainingResult>

export const trainingResult = z.object({
  /** Of every step, warm-up included. */
  losses: z.array(z.number()),
  /** Milliseconds of each timed step. */
  times: z.array(z.number()).min(1),
  /** Bytes. */
  peakMemory: z.number(),
})

/** The task of our own process. */
export interface OwnTask extends TrainingTask {
  /** Prefix of ONNX Runtime's traces, one for each program. */
  profile?: string
}

export type OwnResult = z.infer<typeof ownResult>

export const ownResult = trainingResult.extend({
  /** Of the machine, in floating-point operations per second. */
  peakRate: z.number(),
})

export const configOf = (sizes: TrainingSizes): DecoderConfig =>
  gpt2Config({
    layers: sizes.layers,
    heads: sizes.heads,
    dim: sizes.width,
    context: sizes.context,
    vocabSize: sizes.vocabulary,
  })

const BATCHES = 16
const SEED = 1337

/** Writes initial weights and batches into `folder`; their paths. */
export async function writeTrainingData(
  folder: string,
  sizes: TrainingSizes,
): Promise<Pick<TrainingTask, 'weights' | 'batches'>> {
  const paths = { weights: join(folder, 'weights.safetensors'), batches: join(folder, 'batches') }
  const random = new Random(SEED)
  await writePieces(paths.weights, encodeSafetensors(initialWeights(sizes, random)))
  const tokens = new Int32Array(BATCHES * sizes.batch * (sizes.context + 1))
  // Small ids are frequent, as in text: this can be learned within ten steps.
  for (let i = 0; i < tokens.length; i++)
    tokens[i] = Math.floor(sizes.vocabulary * random.uniform() ** 3)
  await writeFile(paths.batches, tokens)
  return paths
}

function initialWeights(sizes: TrainingSizes, random: Random): TensorToWrite[] {
  const model = new Decoder(configOf(sizes))
  const weights = randomWeights(model, random)
  return [...model.parameters()].map(([name, { shape }]) => {
    return {
      name,
      dtype: 'F32',
      shape: shape as readonly number[],
      data: weights[name] as Float32Array,
    }
  })
}
