import {
  cast,
  concat,
  crossEntropy,
  greater,
  greaterEqual,
  input,
  mul,
  reshape,
  split,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Encoder } from '../models/encoder.ts'
import { headOf, pool } from '../models/head.ts'
import { commonInputs, type Objective, type ObjectiveSizes } from './objective.ts'

/**
 * Minus the log-probability that the first of two is preferred, which is the sigmoid of the
 * difference of their scores (Bradley & Terry 1952): a choice between two classes. scores: (N, 2);
 * targets: (N), 0, or negative for what counts for nothing -> (N). `labelSmoothing`: probability
 * that a preference label is flipped.
 */
export const bradleyTerry = (scores: Tensor, targets: Tensor, labelSmoothing = 0): Tensor =>
  crossEntropy(scores, targets, { labelSmoothing: 2 * labelSmoothing })

/**
 * What is reported of the rewards (N, 2) of preferred and rejected answers: both, how far they are
 * apart, and how often the preferred answer has the higher one. `mean`: (N, 1) -> ().
 */
export function comparison(rewards: Tensor, mean: (values: Tensor) => Tensor) {
  const [chosen, rejected] = split(rewards, [1, 1], 1) as [Tensor, Tensor]
  return {
    accuracy: mean(cast(greater(chosen, rejected), 'float32')),
    margin: mean(sub(chosen, rejected)),
    rewardChosen: mean(chosen),
    rewardRejected: mean(rejected),
  }
}

export interface RewardOptions extends ObjectiveSizes {
  /** Tokens of a conversation. */
  length: number
}

/**
 * A reward for each conversation, higher for the preferred of two by a margin at least (Ouyang et
 * al. 2022; margins: Touvron et al. 2023). Inputs: `ids`, `mask` and, where the model knows them,
 * `types` (rows, 2, length): the preferred conversation, then the other; `leastMargin` (rows);
 * `targets` (rows): 0 for a pair that counts.
 */
export function rewardObjective(model: Encoder | Decoder, options: RewardOptions): Objective {
  const { rows, length } = options
  const { weight, training, inputs } = commonInputs(options)
  const tokens = (name: string, dtype: 'int32' | 'float32' = 'int32') =>
    input(name, dtype, [rows, 2, length])
  const given: { ids: Tensor; mask: Tensor; types?: Tensor } = {
    ids: tokens('ids'),
    mask: tokens('mask', 'float32'),
    ...(model.config.tokenTypes > 0 && { types: tokens('types') }),
  }
  const leastMargin = input('leastMargin', 'float32', [rows])
  const targets = input('targets', 'int32', [rows])
  const single = (pairs: Tensor) => reshape(pairs, [2 * rows, length])
  const mask = single(given.mask)
  const types = given.types && single(given.types)
  const hidden = model.hidden(single(given.ids), { mask, types, ...training })
  const { head, pooling } = headOf(model)
  const rewards = reshape(head.forward(pool(hidden, mask, pooling), training), [rows, 2])
  const [chosen, rejected] = split(rewards, [1, 1], 1) as [Tensor, Tensor]
  const scores = concat([sub(chosen, reshape(leastMargin, [rows, 1])), rejected], 1)
  const losses = bradleyTerry(scores, targets)
  const counted = reshape(cast(greaterEqual(targets, 0), 'float32'), [rows, 1])
  const mean = (values: Tensor) => mul(sum(mul(values, counted)), weight)
  return {
    inputs: { ...given, leastMargin, targets, ...inputs },
    loss: mul(sum(losses), weight),
    metrics: comparison(rewards, mean),
    rowLosses: losses,
  }
}
