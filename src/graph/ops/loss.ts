import { at, ShapeError, type Tensor } from '../tensor.ts'
import { barrier } from './barrier.ts'
import { reshape, sum } from './broadcast.ts'
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
import { max, mean } from './reduce.ts'

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
  const { counted, expected, top, total } = rowParts(logits, targets, labelSmoothing)
  const losses = sub(add(log(total), top), expected)
  return customGradient(
    mul(reshape(losses, targets.shape), counted),
    [logits, targets],
    (g, [logits, targets]) => [
      logits && targets && logitsGradient(g, logits, targets, labelSmoothing),
    ],
  )
}

/**
 * What value and derivative share; column vectors are (N, 1). All else that reads the logits comes
 * before `weights`, which can then be computed in their place: (N, V) lies in memory once.
 */
function rowParts(logits: Tensor, targets: Tensor, smoothing: number) {
  const counted = cast(greaterEqual(targets, 0), logits.dtype)
  const index = reshape(maximum(targets, 0), [at(targets.shape, 0), 1])
  const ofTarget = gatherElements(logits, index, 1)
  const spread = (share: number) => add(mul(ofTarget, 1 - share), mul(mean(logits, 1, true), share))
  const expected = smoothing > 0 ? spread(smoothing) : ofTarget
  const top = stopGradient(max(logits, 1, true))
  const weights = exp(sub(barrier(logits, expected), top))
  return { index, counted, expected, top, weights, total: sum(weights, 1, true) }
}

/** (softmax - target distribution), each row times its incoming gradient. */
function logitsGradient(g: Tensor, logits: Tensor, targets: Tensor, smoothing: number): Tensor {
  const { index, counted, weights, total } = rowParts(logits, targets, smoothing)
  const factor = reshape(mul(g, counted), index.shape)
  const probabilities = mul(weights, div(factor, total))
  const even = mul(factor, smoothing / (at(logits.shape, 1) as number))
  const spread = smoothing > 0 ? sub(probabilities, even) : probabilities
  return scatterElements(spread, index, mul(neg(factor), 1 - smoothing), 1)
}
