import {
  cast,
  equal,
  HIDDEN,
  input,
  KEY_SIZE,
  linearCrossEntropy,
  mul,
  not,
  reshape,
  type Tensor,
} from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import { RandomSource } from '../nn/index.ts'

/** What is minimised, for one micro-batch: inputs by name, and the loss they lead to. */
export interface Objective {
  inputs: Readonly<Record<string, Tensor>>
  /** Scalar; losses of all micro-batches of a step add up to the step's loss. */
  loss: Tensor
}

export interface LanguageModelOptions {
  /** Sequences of a micro-batch. */
  rows: number
  /** Tokens of a sequence. */
  length: number
  labelSmoothing?: number
  /** Draws dropout masks; without it nothing is dropped. */
  dropout?: boolean
  /** Sequences hold several conversations, which do not attend to each other. */
  packed?: boolean
}

/**
 * Next-token prediction: mean cross-entropy over the targets that count. Inputs: `ids` and `targets`
 * (rows, length); `weight` (): 1 / the number of targets that count in the whole step. With dropout
 * also `key`; packed also `segments` and `positions` (rows, length).
 */
export function languageModelObjective(model: Decoder, options: LanguageModelOptions): Objective {
  const { rows, length, labelSmoothing, dropout = false, packed = false } = options
  const tokens = (name: string) => input(name, 'int32', [rows, length])
  const [ids, targets] = [tokens('ids'), tokens('targets')]
  const weight = input('weight', 'float32', [])
  const inputs: Record<string, Tensor> = { ids, targets, weight }
  if (dropout) inputs.key = input('key', 'float32', [KEY_SIZE])
  if (packed) {
    inputs.segments = tokens('segments')
    inputs.positions = tokens('positions')
  }
  const hidden = model.hidden(ids, {
    positions: inputs.positions,
    attentionBias: inputs.segments && segmentBias(inputs.segments),
    random: inputs.key && new RandomSource(inputs.key),
  })
  const flat = reshape(targets, [rows * length])
  const { outputWeight } = model
  const { loss } = linearCrossEntropy(hidden, outputWeight, flat, {
    weights: weight,
    labelSmoothing,
  })
  return { inputs, loss }
}

/** (B, T) segment numbers -> (B, 1, T, T): `HIDDEN` between positions of different segments. */
export function segmentBias(segments: Tensor): Tensor {
  const [batch, length] = segments.shape as [number, number]
  const queries = reshape(segments, [batch, 1, length, 1])
  const keys = reshape(segments, [batch, 1, 1, length])
  return mul(cast(not(equal(queries, keys)), 'float32'), HIDDEN)
}
