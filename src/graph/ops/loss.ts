import { at, ShapeError, type Tensor } from '../tensor.ts'
import { customGradient } from './custom-gradient.ts'
import {
  add,
  cast,
  div,
  exp,
  greaterEqual,
  log,
  maximum,
  mul,
  neg,
  stopGradient,
  sub,
} from './elementwise.ts'
import { gatherElements, scatterElements } from './gather.ts'
import { max, mean, sum } from './reduce.ts'
import { reshape } from './shape.ts'

/** A target that counts for nothing. */
export const IGNORE = -100

export interface CrossEntropyOptions {
  /** Share of the target spread evenly over all classes (Szegedy et al. 2016). */
  labelSmoothing?: number
}

/**
 * Cross-entropy of each row, in nats. logits: (N, V); targets: (N) class numbers, or any negative
 * number (`IGNORE`) for a row that counts for nothing -> (N).
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  { labelSmoothing = 0 }: CrossEntropyOptions = {},
): Tensor {
  const fits = logits.rank === 2 && targets.rank === 1 && targets.shape[0] === logits.shape[0]
  if (!fits || typeof logits.shape[1] !== 'number')
    throw new ShapeError(
      'crossEntropy',
      [logits, targets],
      'needs logits (N, V) and targets (N), with a fixed V',
    )
  const { index, counted, top, total } = rowParts(logits, targets)
  const logTotal = add(log(total), top)
  const ofTarget = sub(logTotal, gatherElements(logits, index, 1))
  const mixed = (share: number) =>
    add(mul(ofTarget, 1 - share), mul(sub(logTotal, mean(logits, 1, true)), share))
  const losses = labelSmoothing > 0 ? mixed(labelSmoothing) : ofTarget
  return customGradient(
    mul(reshape(losses, targets.shape), counted),
    [logits, targets],
    (g, [logits, targets]) => [
      logits && targets && logitsGradient(g, logits, targets, labelSmoothing),
    ],
  )
}

/** What value and derivative share; column vectors are (N, 1). */
function rowParts(logits: Tensor, targets: Tensor) {
  const counted = cast(greaterEqual(targets, 0), logits.dtype)
  const index = reshape(maximum(targets, 0), [at(targets.shape, 0), 1])
  const top = stopGradient(max(logits, 1, true))
  const weights = exp(sub(logits, top))
  return { index, counted, top, weights, total: sum(weights, 1, true) }
}

/** (softmax - target distribution), each row times its incoming gradient. */
function logitsGradient(g: Tensor, logits: Tensor, targets: Tensor, smoothing: number): Tensor {
  const { index, counted, weights, total } = rowParts(logits, targets)
  const factor = reshape(mul(g, counted), index.shape)
  const probabilities = mul(weights, div(factor, total))
  const even = mul(factor, smoothing / (at(logits.shape, 1) as number))
  const spread = smoothing > 0 ? sub(probabilities, even) : probabilities
  return scatterElements(spread, index, mul(neg(factor), 1 - smoothing), 1)
}
