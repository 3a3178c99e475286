import { add, input, KEY_SIZE, mul, type Tensor } from '../graph/index.ts'
import { RandomSource } from '../nn/index.ts'

/** What is minimised, for one micro-batch: inputs by name, and the loss they lead to. */
export interface Objective {
  inputs: Readonly<Record<string, Tensor>>
  /** Scalar; losses of all micro-batches of a step add up to the step's loss. */
  loss: Tensor
}

export interface ObjectiveSizes {
  /** Examples of a micro-batch. */
  rows: number
  /** Draws dropout masks; without it nothing is dropped. */
  dropout?: boolean
}

/** The objective of a training, for micro-batches of any size. */
export type ObjectiveBuilder = (sizes: ObjectiveSizes) => Objective

/** Inputs that every objective has, as far as it uses them. */
export interface CommonInputs {
  /** (): 1 / the number of targets that count in the whole step. */
  weight: Tensor
  /** Draws for dropout, where something is dropped. */
  random?: RandomSource
  /** `weight`, and the `key` of the draws. */
  inputs: Record<string, Tensor>
}

export function commonInputs(dropout = false): CommonInputs {
  const weight = input('weight', 'float32', [])
  if (!dropout) return { weight, inputs: { weight } }
  const key = input('key', 'float32', [KEY_SIZE])
  return { weight, random: new RandomSource(key), inputs: { weight, key } }
}

/** The loss, and `share` times the mean of the layers' own, in proportion to the targets that count. */
export function withLayerLosses(
  loss: Tensor,
  losses: readonly Tensor[],
  { share, weight, targets }: { share: number; weight: Tensor; targets: number },
): Tensor {
  if (losses.length === 0 || share === 0) return loss
  // `targets` of this micro-batch out of the step's, about.
  const part = mul(weight, (share * targets) / losses.length)
  return add(loss, mul(losses.reduce(add), part))
}
