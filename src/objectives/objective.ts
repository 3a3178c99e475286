import {
  add,
  cast,
  greaterEqual,
  input,
  KEY_SIZE,
  mul,
  reshape,
  ShapeError,
  sizeOf,
  sum,
  type Tensor,
} from '../graph/index.ts'
import { type Context, RandomSource } from '../nn/index.ts'

/** What is minimized, for one micro-batch: inputs by name, and what they lead to. */
export interface Objective {
  inputs: Readonly<Record<string, Tensor>>
  /** Scalar; losses of all micro-batches of a step add up to the step's loss. */
  loss: Tensor
  /** Scalars to report besides, by name; they add up as the loss does. */
  metrics: Readonly<Record<string, Tensor>>
  /** (rows): of each row the sum of its targets' losses, where these do not depend on others. */
  rowLosses?: Tensor
  /**
   * What the model says of each of its `targets`, for losses that compare it with something else:
   * logits (N, classes), or numbers (N, 1) where the targets are numbers.
   */
  outputs?(): Tensor
}

/** Names of figures that a training reports itself. */
const OWN = [
  'step',
  'loss',
  'validationLoss',
  'learningRate',
  'gradientNorm',
  'tokensPerSecond',
  'peakShare',
  'seconds',
]

/**
 * An objective as it is used. Throws ShapeError where the loss or a metric is no scalar, and
 * TypeError where a metric has the name of a figure that a training reports itself.
 */
export function checkObjective({ metrics = {}, ...objective }: Objective): Objective {
  for (const [name, tensor] of Object.entries({ ...metrics, loss: objective.loss }))
    if (tensor.rank !== 0)
      throw new ShapeError('objective', [tensor], `${name} is no scalar; add up its elements`)
  const taken = OWN.find((name) => name in metrics)
  if (taken !== undefined)
    throw new TypeError(`objective: a training reports its own ${taken}; rename the metric`)
  return { ...objective, metrics }
}

export interface ObjectiveSizes {
  /** Examples of a micro-batch. */
  rows: number
  /** Draws dropout masks; without it nothing is dropped. */
  dropout?: boolean
  /** Layers are recomputed in the backward pass: less memory, a forward pass more of work. */
  recompute?: boolean
}

/** The objective of a training, for micro-batches of any size. */
export type ObjectiveBuilder = (sizes: ObjectiveSizes) => Objective

/** Losses of targets, row after row: (rows x N) or (rows) -> (rows). */
export function lossesOfRows(losses: Tensor, rows: number): Tensor {
  const each = sizeOf(losses.shape as readonly number[]) / rows
  return each === 1 ? reshape(losses, [rows]) : sum(reshape(losses, [rows, each]), 1)
}

/** Inputs that every objective has, as far as it uses them. */
export interface CommonInputs {
  /** (): 1 / the number of targets that count in the whole step. */
  weight: Tensor
  /** For the model: draws for dropout, where something is dropped, and whether it recomputes. */
  training: Pick<Context, 'random' | 'recompute'>
  /** `weight`, and the `key` of the draws. */
  inputs: Record<string, Tensor>
}

export function commonInputs({ dropout, recompute }: ObjectiveSizes): CommonInputs {
  const weight = input('weight', 'float32', [])
  if (!dropout) return { weight, training: { recompute }, inputs: { weight } }
  const key = input('key', 'float32', [KEY_SIZE])
  return {
    weight,
    training: { random: new RandomSource(key), recompute },
    inputs: { weight, key },
  }
}

/** Sums of the loss and the metrics of an objective, over micro-batches. */
export interface ObjectiveSums {
  loss: number
  metrics: Record<string, number>
}

/** Adds up the loss and the metrics, which `names` begin with and go on with, in given order. */
export function sumObjectives(
  names: readonly string[],
  all: readonly (readonly number[])[],
): ObjectiveSums {
  const sum = (i: number) => all.reduce((total, numbers) => total + (numbers[i] ?? Number.NaN), 0)
  const [, ...metrics] = names.map((name, i) => [name, sum(i)] as const)
  return { loss: sum(0), metrics: Object.fromEntries(metrics) }
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
