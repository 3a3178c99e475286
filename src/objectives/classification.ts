import { crossEntropy, input, mul, reshape, sub, sum, type Tensor } from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Encoder } from '../models/encoder.ts'
import { headOf, pool } from '../models/head.ts'
import { commonInputs, type Objective, type ObjectiveSizes } from './objective.ts'

export interface ClassificationOptions extends ObjectiveSizes {
  /** Tokens of a text. */
  length: number
  labelSmoothing?: number
}

/**
 * A label for each text, or a number (`regress`). Inputs: `ids`, `mask` and, where the model knows
 * them,
 * `types` (rows, length); `targets` (rows): the number of the label, or the number itself, which
 * counts where `counted` (rows) is 1.
 */
export function classificationObjective(
  model: Encoder | Decoder,
  { rows, length, labelSmoothing, dropout }: ClassificationOptions,
): Objective {
  const { weight, random, inputs } = commonInputs(dropout)
  const texts = textInputs(model, rows, length)
  const { head, task, pooling } = headOf(model)
  const hidden = model.hidden(texts.ids, { ...texts, random })
  const outputs = head.forward(pool(hidden, texts.mask, pooling), { random })
  if (task === 'regress') {
    const [targets, counted] = [
      input('targets', 'float32', [rows]),
      input('counted', 'float32', [rows]),
    ]
    const error = sub(reshape(outputs, [rows]), targets)
    const loss = mul(sum(mul(mul(error, error), counted)), weight)
    return { inputs: { ...texts, targets, counted, ...inputs }, loss }
  }
  const targets = input('targets', 'int32', [rows])
  const loss = mul(sum(crossEntropy(outputs, targets, { labelSmoothing })), weight)
  return { inputs: { ...texts, targets, ...inputs }, loss }
}

/**
 * A label for each token. Inputs as for texts, but `targets` (rows, length), -100 where none is.
 */
export function taggingObjective(
  model: Encoder | Decoder,
  { rows, length, labelSmoothing, dropout }: ClassificationOptions,
): Objective {
  const { weight, random, inputs } = commonInputs(dropout)
  const texts = textInputs(model, rows, length)
  const targets = input('targets', 'int32', [rows, length])
  const hidden = model.hidden(texts.ids, { ...texts, random })
  const outputs = headOf(model).head.forward(hidden, { random })
  const losses = crossEntropy(outputs, reshape(targets, [rows * length]), { labelSmoothing })
  return { inputs: { ...texts, targets, ...inputs }, loss: mul(sum(losses), weight) }
}

/** Texts as a model reads them, (rows, length) each. */
export function textInputs(model: Encoder | Decoder, rows: number, length: number) {
  const tokens = (name: string) => input(name, 'int32', [rows, length])
  const texts: { ids: Tensor; mask: Tensor; types?: Tensor } = {
    ids: tokens('ids'),
    mask: input('mask', 'float32', [rows, length]),
  }
  return model.config.tokenTypes > 0 ? { ...texts, types: tokens('types') } : texts
}
