import { add, cast, greaterEqual, input, KEY_SIZE, mul, sum, type Tensor } from '../graph/index.ts'
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

/**
 * The loss, and `share` times the mean of the layers' own: of a micro-batch in proportion to its
 * targets that count, so that those of a step add up to the whole share. targets: (N), negative
 * where none is.
 */
export function withLayerLosses(
  loss: Tensor,
  losses: readonly Tensor[],
  { share, weight, targets }: { share: number; weight: Tensor; targets: Tensor },
): Tensor {
  if (losses.length === 0 || share === 0) return loss
  const part = mul(weight, sum(cast(greaterEqual(targets, 0), weight.dtype)))
  return add(loss, mul(losses.reduce(add), mul(part, share / losses.length)))
}
