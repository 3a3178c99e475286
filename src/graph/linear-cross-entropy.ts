import { isFixed, type Shape } from './dim.ts'
import { pullback } from './grad.ts'
import { barrier } from './ops/barrier.ts'
import { expand, sum, sumTo } from './ops/broadcast.ts'
import { add, mul, tanh } from './ops/elementwise.ts'
import { constant } from './ops/leaf.ts'
import { type CrossEntropyOptions, crossEntropy } from './ops/loss.ts'
import { matmul } from './ops/matmul.ts'
import { concat, slice } from './ops/shape.ts'
import { applyAll, at, type Op, ShapeError, type Tensor } from './tensor.ts'

export interface LinearCrossEntropyOptions extends CrossEntropyOptions {
  /** Factor on each row's loss, (N), or on all, (); default 1. */
  weights?: Tensor
  /** Added to the logits, (V). */
  bias?: Tensor
  /** Keeps logits between -softcap and softcap: softcap tanh(logit / softcap). */
  softcap?: number
  /**
   * Rows whose logits exist at the same time; default: chunks alike, of 32 million logits (128 MB)
   * at most.
   */
  chunk?: number
}

interface Attrs {
  chunk: number
  labelSmoothing: number
  /** 0: none. */
  softcap: number
}

type Inputs = readonly [x: Tensor, weight: Tensor, targets: Tensor, weights: Tensor, bias?: Tensor]

/**
 * Outputs: weighted sum, losses of rows, gradients of x, of weight and, where there is one, of
 * bias.
 */
const linearCrossEntropyOp: Op<Attrs> = {
  name: 'linearCrossEntropy',
  infer: (inputs) => {
    const [x, weight, targets, weights, bias] = inputs as Inputs
    const rows = x.shape.slice(0, 1)
    const fits = x.rank === 2 && weight.rank === 2 && x.shape[1] === weight.shape[1]
    const byRow = (t: Tensor) => t.rank === 1 && t.shape[0] === rows[0]
    const biased = !bias || (bias.rank === 1 && bias.shape[0] === weight.shape[0])
    const weighted = weights.rank === 0 || byRow(weights)
    if (!fits || !isFixed(rows) || !byRow(targets) || !weighted || !biased)
      throw new ShapeError(
        'linearCrossEntropy',
        inputs,
        'needs x (N, C), weight (V, C), targets (N), weights (N) or () and bias (V), with a ' +
          'fixed N',
      )
    const spec = (shape: Shape) => ({ dtype: x.dtype, shape })
    const results = [spec([]), spec(rows), spec(x.shape), spec(weight.shape)]
    return bias ? [...results, spec(bias.shape)] : results
  },
  vjp: ({ inputs, outputs, attrs }, [g, gRows, ...others]) => {
    const [x, weight, targets, weights, bias] = inputs as Inputs
    const [, losses, dx, dWeight, dBias] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor?]
    if (others.some((other) => other))
      throw new Error(
        'linearCrossEntropy: no second derivative; use crossEntropy(linear(x, weight), targets)',
      )
    const dWeights = g && sumTo(mul(g, losses), weights.shape)
    if (!gRows)
      return g ? [mul(g, dx), mul(g, dWeight), undefined, dWeights, dBias && mul(g, dBias)] : []
    // What each row weighs is known only now. Behind a barrier, logits of chunks are made anew
    // rather than kept until now.
    const rows = g ? add(gRows, mul(g, weights)) : gRows
    const again = attrs.chunk < Number(x.shape[0]) ? barrier(x, rows) : x
    const given = [again, weight, targets, rows, ...(bias ? [bias] : [])]
    const [, , ofX, ofWeight, ofBias] = applyAll(linearCrossEntropyOp, given, attrs)
    return [ofX, ofWeight, undefined, dWeights, ofBias]
  },
  lower: ({ inputs, attrs }, wanted) => lower(inputs as Inputs, attrs, wanted),
}

/** Each chunk of rows waits for all that the one before it gives, when its logits are gone. */
function lower(
  [x, weight, targets, weights, bias]: Inputs,
  { chunk, labelSmoothing, softcap }: Attrs,
  [, , wantsX, wantsWeight, wantsBias]: readonly boolean[],
): (Tensor | undefined)[] {
  const count = at(x.shape, 0) as number
  const losses: Tensor[] = []
  const dxs: Tensor[] = []
  let [dWeight, dBias]: (Tensor | undefined)[] = []
  let before: Tensor[] = []
  for (let start = 0; start < count; start += chunk) {
    const part = (t: Tensor) => slice(t, 0, start, Math.min(start + chunk, count))
    const rows = before.length > 0 ? barrier(part(x), ...before) : part(x)
    const product = matmul(rows, weight, { transposeB: true })
    const biased = bias ? add(product, bias) : product
    const logits = softcap > 0 ? mul(tanh(mul(biased, 1 / softcap)), softcap) : biased
    const loss = crossEntropy(logits, part(targets), { labelSmoothing })
    losses.push(loss)
    before = [loss]
    const g = weights.rank === 0 ? expand(weights, loss.shape) : part(weights)
    const sources = bias ? [rows, weight, bias] : [rows, weight]
    const [dx, dPart, dBiasPart] = pullback(loss, sources, g) as [Tensor, Tensor, Tensor?]
    if (wantsX) {
      dxs.push(dx)
      before.push(dx)
    }
    if (wantsWeight) {
      dWeight = dWeight ? add(dWeight, dPart) : dPart
      before.push(dWeight)
    }
    if (wantsBias && dBiasPart) {
      dBias = dBias ? add(dBias, dBiasPart) : dBiasPart
      before.push(dBias)
    }
  }
  const all = concat(losses, 0)
  const dx = wantsX ? concat(dxs, 0) : undefined
  return [sum(mul(all, weights)), all, dx, dWeight, ...(bias ? [dBias] : [])]
}

/**
 * Cross-entropy of the logits x Wᵀ in chunks of rows: a chunk's logits lead to its losses and its
 * share of the gradients at once, so that the logits of all rows never exist together; for large
 * vocabularies they would be the largest tensor. x: (N, C), weight: (V, C), targets: (N) as for
 * `crossEntropy`. `losses` (N) are minus the log-probabilities of the targets, and `loss` () is
 * their sum, each times its weight. Both have first derivatives: those of `loss` come with its
 * value, while those of `losses` compute the logits a second time, in the backward pass.
 */
export function linearCrossEntropy(
  x: Tensor,
  weight: Tensor,
  targets: Tensor,
  options: LinearCrossEntropyOptions = {},
): { loss: Tensor; losses: Tensor } {
  const { weights = constant(1, [], x.dtype), labelSmoothing = 0, softcap = 0, bias } = options
  const { chunk = evenChunk(Number(x.shape[0]), Number(weight.shape[0])) } = options
  if (!Number.isInteger(chunk) || chunk < 1)
    throw new RangeError(`linearCrossEntropy: chunk ${chunk} is not a number of rows`)
  const inputs = [x, weight, targets, weights, ...(bias ? [bias] : [])]
  const attrs = { chunk, labelSmoothing, softcap }
  const [loss, losses] = applyAll(linearCrossEntropyOp, inputs, attrs)
  return { loss, losses } as { loss: Tensor; losses: Tensor }
}

/** More chunks save no memory, since each adds to a gradient of the size of `weight`. */
const LOGITS = 2 ** 25

function evenChunk(rows: number, classes: number): number {
  const chunks = Math.ceil((rows * classes) / LOGITS)
  return Math.max(1, Math.ceil(rows / chunks))
}
