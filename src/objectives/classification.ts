import {
  cast,
  crossEntropy,
  gatherElements,
  greaterEqual,
  input,
  max,
  maximum,
  mul,
  reshape,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Encoder } from '../models/encoder.ts'
import { headOf, pool } from '../models/head.ts'
import { commonInputs, lossesOfRows, type Objective, type ObjectiveSizes } from './objective.ts'

export interface ClassificationOptions extends ObjectiveSizes {
  /** Tokens of a text. */
  length: number
  labelSmoothing?: number
}

/**
 * A label for each text, or a number (`regress`). Inputs: `ids`, `mask` and, where the model knows
 * them, `types` (rows, length); `targets` (rows): the number of the label, or the number itself,
 * which counts where `counted` (rows) is 1.
 */
export function classificationObjective(
  model: Encoder | Decoder,
  options: ClassificationOptions,
): Objective {
  const { rows, length, labelSmoothing } = options
  const { weight, training, inputs } = commonInputs(options)
  const texts = textInputs(model, rows, length)
  const { head, task, pooling } = headOf(model)
  const hidden = model.hidden(texts.ids, { ...texts, ...training })
  const outputs = head.forward(pool(hidden, texts.mask, pooling), training)
  if (task === 'regress') {
    const [targets, counted] = [
      input('targets', 'float32', [rows]),
      input('counted', 'float32', [rows]),
    ]
    const error = sub(reshape(outputs, [rows]), targets)
    const loss = mul(sum(mul(mul(error, error), counted)), weight)
    return {
      inputs: { ...texts, targets, counted, ...inputs },
      loss,
      metrics: {},
      outputs: () => outputs,
    }
  }
  const targets = input('targets', 'int32', [rows])
  return {
    inputs: { ...texts, targets, ...inputs },
    ...labeled(outputs, targets, { weight, labelSmoothing, rows }),
    outputs: () => outputs,
  }
}

/**
 * A label for each token. Inputs as for texts, but `targets` (rows, length), -100 where none is.
 */
export function taggingObjective(
  model: Encoder | Decoder,
  options: ClassificationOptions,
): Objective {
  const { rows, length, labelSmoothing } = options
  const { weight, training, inputs } = commonInputs(options)
  const texts = textInputs(model, rows, length)
  const targets = input('targets', 'int32', [rows, length])
  const hidden = model.hidden(texts.ids, { ...texts, ...training })
  const outputs = headOf(model).head.forward(hidden, training)
  return {
    inputs: { ...texts, targets, ...inputs },
    ...labeled(outputs, reshape(targets, [rows * length]), { weight, labelSmoothing, rows }),
    outputs: () => outputs,
  }
}

/** logits: (N, V), targets: (N) -> the cross-entropy, and the share whose logit is the highest. */
function labeled(
  logits: Tensor,
  targets: Tensor,
  { weight, labelSmoothing, rows }: { weight: Tensor; labelSmoothing?: number; rows: number },
) {
  const losses = crossEntropy(logits, targets, { labelSmoothing })
  const loss = mul(sum(losses), weight)
  const index = reshape(maximum(targets, 0), [targets.shape[0] as number, 1])
  const isHighest = greaterEqual(gatherElements(logits, index, 1), max(logits, 1, true))
  const counted = cast(greaterEqual(targets, 0), 'float32')
  const hits = mul(reshape(cast(isHighest, 'float32'), targets.shape), counted)
  const metrics = { accuracy: mul(sum(hits), weight) }
  return { loss, metrics, rowLosses: lossesOfRows(losses, rows) }
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
