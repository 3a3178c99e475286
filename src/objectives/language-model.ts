import { input, linearCrossEntropy, reshape, type Tensor } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import type { Module } from '../nn/index.ts'
import { segmentBias } from '../nn/index.ts'
import { embeddingNoise } from './neftune.ts'
import {
  commonInputs,
  lossesOfRows,
  type Objective,
  type ObjectiveBuilder,
  type ObjectiveSizes,
  withLayerLosses,
} from './objective.ts'

export interface LanguageModelOptions extends ObjectiveSizes {
  /** Tokens of a sequence. */
  length: number
  labelSmoothing?: number
  /** Sequences hold several conversations, which do not attend to each other. */
  packed?: boolean
  /**
   * What all given positions are below; default: the length, since each conversation begins at 0.
   */
  reach?: number
  /** Of the noise on packed embeddings in training: see `embeddingNoise`. */
  neftuneAlpha?: number
  /** Leaves out what only training minimizes: the balance of experts. */
  evaluation?: boolean
}

/**
 * Next-token prediction: mean cross-entropy over the targets that count. Inputs: `ids` and
 * `targets` (rows, length) besides the common ones; packed also `segments` and `positions` (rows,
 * length).
 */
export function languageModelObjective(model: Decoder, options: LanguageModelOptions): Objective {
  const { rows, length, labelSmoothing, packed = false, evaluation = false } = options
  const { reach = length, neftuneAlpha = 0 } = options
  const { weight, training, inputs } = commonInputs(options)
  const tokens = (name: string) => input(name, 'int32', [rows, length])
  const [ids, targets] = [tokens('ids'), tokens('targets')]
  const places: Record<string, Tensor> = packed
    ? { segments: tokens('segments'), positions: tokens('positions') }
    : {}
  const { random } = training
  const { segments } = places
  const tap =
    neftuneAlpha > 0 && random && segments
      ? embeddingNoise(neftuneAlpha, segments, random)
      : undefined
  const losses: Tensor[] = []
  const hidden = model.hidden(ids, {
    positions: places.positions,
    reach,
    attentionBias: segments && segmentBias(segments),
    tap,
    ...training,
    losses,
  })
  const flat = reshape(targets, [rows * length])
  const { loss, losses: ofTokens } = linearCrossEntropy(hidden, model.outputWeight, flat, {
    weights: weight,
    labelSmoothing,
    softcap: model.config.logitSoftcap,
  })
  const share = evaluation ? 0 : (model.config.experts?.balance ?? 0)
  return {
    inputs: { ids, targets, ...places, ...inputs },
    loss: withLayerLosses(loss, losses, { share, weight, targets: flat }),
    metrics: {},
    rowLosses: lossesOfRows(ofTokens, rows),
    outputs: () => model.logits(hidden),
  }
}

/**
 * `languageModelObjective` for sequences of `length` tokens. Throws where the model is no decoder.
 */
export function nextToken(
  model: Module,
  length: number,
  options: Omit<LanguageModelOptions, 'rows' | 'length'> = {},
): ObjectiveBuilder {
  if (!(model instanceof Decoder))
    throw new TypeError(
      `the model, of class ${model.constructor.name}, is no Decoder; give an objective`,
    )
  return (sizes) => languageModelObjective(model, { ...options, ...sizes, length })
}
