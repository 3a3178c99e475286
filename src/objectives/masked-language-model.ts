import { add, constant, gather, input, linearCrossEntropy, reshape } from '../graph/index.ts'
import type { Encoder } from '../models/encoder.ts'
import { commonInputs, type Objective, type ObjectiveSizes } from './objective.ts'

export interface MaskedLanguageModelOptions extends ObjectiveSizes {
  /** Tokens of a sequence, and how many of them are hidden at most. */
  length: number
  hidden: number
}

/**
 * Masked-language modelling (Devlin et al. 2019): tokens that are hidden are told from all others.
 * Inputs:
 * `ids` (rows, length); `places` and `targets` (rows, hidden): which are hidden, and what they are,
 * -100 where there are fewer; `mask` (rows, length).
 */
export function maskedLanguageModelObjective(
  model: Encoder,
  { rows, length, hidden: count, dropout }: MaskedLanguageModelOptions,
): Objective {
  const { weight, random, inputs } = commonInputs(dropout)
  const ids = input('ids', 'int32', [rows, length])
  const mask = input('mask', 'float32', [rows, length])
  const [places, targets] = [
    input('places', 'int32', [rows, count]),
    input('targets', 'int32', [rows, count]),
  ]
  const hidden = model.hidden(ids, { mask, random })
  // Only the rows of masked tokens are multiplied with the vocabulary.
  const starts = constant(
    Array.from({ length: rows }, (_, row) => row * length),
    [rows, 1],
    'int32',
  )
  const chosen = gather(hidden, reshape(add(places, starts), [rows * count]))
  const { head, embedding } = model
  const { loss } = linearCrossEntropy(
    head.hidden(chosen),
    embedding,
    reshape(targets, [rows * count]),
    {
      weights: weight,
      bias: head.bias?.tensor,
    },
  )
  return { inputs: { ids, mask, places, targets, ...inputs }, loss }
}
