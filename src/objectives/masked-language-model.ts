import { add, constant, gather, input, linearCrossEntropy, reshape } from '../graph/index.ts'
import type { Encoder } from '../models/encoder.ts'
import { commonInputs, lossesOfRows, type Objective, type ObjectiveSizes } from './objective.ts'

export interface MaskedLanguageModelOptions extends ObjectiveSizes {
  /** Tokens of a sequence, and masked ones among them at most. */
  length: number
  masked: number
}

/**
 * Masked language modeling (Devlin et al. 2019): mean cross-entropy over the masked tokens. Inputs:
 * `ids` and `mask` (rows, length); `maskedPositions` and `targets` (rows, masked): where the masked
 * tokens are in their row, and what they were, -100 where there are fewer.
 */
export function maskedLanguageModelObjective(
  model: Encoder,
  options: MaskedLanguageModelOptions,
): Objective {
  const { rows, length, masked: count } = options
  const { weight, training, inputs } = commonInputs(options)
  const ids = input('ids', 'int32', [rows, length])
  const mask = input('mask', 'float32', [rows, length])
  const [maskedPositions, targets] = [
    input('maskedPositions', 'int32', [rows, count]),
    input('targets', 'int32', [rows, count]),
  ]
  const hidden = model.hidden(ids, { mask, ...training })
  // Only the rows of masked tokens are multiplied with the vocabulary.
  const starts = constant(
    Array.from({ length: rows }, (_, row) => row * length),
    [rows, 1],
    'int32',
  )
  const chosen = gather(hidden, reshape(add(maskedPositions, starts), [rows * count]))
  const { head, embedding } = model
  const { loss, losses } = linearCrossEntropy(
    head.hidden(chosen),
    embedding,
    reshape(targets, [rows * count]),
    {
      weights: weight,
      bias: head.bias?.tensor,
    },
  )
  return {
    inputs: { ids, mask, maskedPositions, targets, ...inputs },
    loss,
    metrics: {},
    rowLosses: lossesOfRows(losses, rows),
    outputs: () => head.forward(chosen, { embedding }),
  }
}
