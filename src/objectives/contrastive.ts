import {
  add,
  constant,
  crossEntropy,
  matmul,
  mul,
  split,
  sum,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Encoder } from '../models/encoder.ts'
import { vectorsOf } from '../models/head.ts'
import { textInputs } from './classification.ts'
import { commonInputs, type Objective, type ObjectiveSizes } from './objective.ts'

export interface ContrastiveOptions extends ObjectiveSizes {
  /** Tokens of a text. */
  length: number
  /** By which similarities are divided. */
  temperature: number
}

/**
 * In-batch contrastive loss, InfoNCE (van den Oord et al. 2018): a text's vector must be nearer to
 * that of its pair than to those of all other pairs of the batch, and the other way round. Inputs:
 * `ids`, `mask` and, where the model knows them, `types` (2 rows, length): first all first texts,
 * then all second ones.
 */
export function contrastiveObjective(
  model: Encoder | Decoder,
  options: ContrastiveOptions,
): Objective {
  const { rows, length, temperature } = options
  const { weight, training, inputs } = commonInputs(options)
  const texts = textInputs(model, 2 * rows, length)
  const vectors = vectorsOf(model, model.hidden(texts.ids, { ...texts, ...training }), texts.mask)
  const [first, second] = split(vectors, [rows, rows], 0) as [Tensor, Tensor]
  const similarities = matmul(first, second, { transposeB: true, scale: 1 / temperature })
  const own = constant(
    Array.from({ length: rows }, (_, i) => i),
    [rows],
    'int32',
  )
  const both = add(
    sum(crossEntropy(similarities, own)),
    sum(crossEntropy(transpose(similarities), own)),
  )
  return { inputs: { ...texts, ...inputs }, loss: mul(mul(both, 0.5), weight), metrics: {} }
}
