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
  if (logits.rank !== 2 || targets.rank !== 1 || targets.shape[0] !== logits.shape[0])
    throw new ShapeError('crossEntropy', [logits, targets], 'needs logits (N, V) and targets (N)')
  const [rows, classes] = [at(logits.shape, 0), at(logits.shape, 1) as number]
  const counted = cast(greaterEqual(targets, 0), logits.dtype)
  const index = reshape(maximum(targets, 0), [rows, 1])
  const top = stopGradient(max(logits, 1, true))
  const weights = exp(sub(logits, top))
  const total = sum(weights, 1, true)
  const logTotal = add(log(total), top)
  const ofTarget = neg(sub(gatherElements(logits, index, 1), logTotal))
  const ofAll = labelSmoothing > 0 ? sub(logTotal, mean(logits, 1, true)) : ofTarget
  const mixed = add(mul(ofTarget, 1 - labelSmoothing), mul(ofAll, labelSmoothing))
  const loss = mul(reshape(labelSmoothing > 0 ? mixed : ofTarget, [rows]), counted)
  return customGradient(loss, [logits], (g) => {
    const factor = reshape(mul(g, counted), [rows, 1])
    const probabilities = mul(weights, div(factor, total))
    const even = mul(factor, labelSmoothing / classes)
    const spread = labelSmoothing > 0 ? sub(probabilities, even) : probabilities
    return [scatterElements(spread, index, mul(neg(factor), 1 - labelSmoothing), 1)]
  })
}
