import { isFixed, type Shape } from './dim.ts'
import { pullback } from './grad.ts'
import { barrier } from './ops/barrier.ts'
import { add, mul } from './ops/elementwise.ts'
import { constant } from './ops/leaf.ts'
import { type CrossEntropyOptions, crossEntropy } from './ops/loss.ts'
import { matmul } from './ops/matmul.ts'
import { sum, sumTo } from './ops/reduce.ts'
import { concat, expand, slice } from './ops/shape.ts'
import { applyAll, at, type Op, ShapeError, type Tensor } from './tensor.ts'

export interface LinearCrossEntropyOptions extends CrossEntropyOptions {
  /** Factor on each row's loss, (N), or on all, (); default 1. */
  weights?: Tensor
  /** Rows whose logits exist at the same time; default: chunks alike, of 32 million logits (128 MB) at most. */
  chunk?: number
}

interface Attrs {
  chunk: number
  labelSmoothing: number
}

type Inputs = readonly [x: Tensor, weight: Tensor, targets: Tensor, weights: Tensor]

/** Outputs: weighted sum, losses of rows, gradients of x and of weight. */
const linearCrossEntropyOp: Op<Attrs> = {
  name: 'linearCrossEntropy',
  infer: (inputs) => {
    const [x, weight, targets, weights] = inputs as Inputs
    const rows = x.shape.slice(0, 1)
    const fits = x.rank === 2 && weight.rank === 2 && x.shape[1] === weight.shape[1]
    const byRow = (t: Tensor) => t.rank === 1 && t.shape[0] === rows[0]
    if (!fits || !isFixed(rows) || !byRow(targets) || !(weights.rank === 0 || byRow(weights)))
      throw new ShapeError(
        'linearCrossEntropy',
        inputs,
        'needs x (N, C), weight (V, C), targets (N) and weights (N) or (), with a fixed N',
      )
    const spec = (shape: Shape) => ({ dtype: x.dtype, shape })
    return [spec([]), spec(rows), spec(x.shape), spec(weight.shape)]
  },
  vjp: ({ inputs, outputs }, [g, ...others]) => {
    const [, losses, dx, dWeight] = outputs as [Tensor, Tensor, Tensor, Tensor]
    if (others.some((other) => other))
      throw new Error(
        'linearCrossEntropy: only its weighted sum has a derivative, and that one none; weigh the ' +
          'rows by `weights`, or use crossEntropy(linear(x, weight), targets)',
      )
    if (!g) return []
    return [mul(g, dx), mul(g, dWeight), undefined, sumTo(mul(g, losses), at(inputs, 3).shape)]
  },
  lower: ({ inputs, attrs }, wanted) => lower(inputs as Inputs, attrs, wanted),
}

/** Each chunk of rows waits for all that the one before it gives, when its logits are gone. */
function lower(
  [x, weight, targets, weights]: Inputs,
  { chunk, labelSmoothing }: Attrs,
  [, , wantsX, wantsWeight]: readonly boolean[],
): (Tensor | undefined)[] {
  const count = at(x.shape, 0) as number
  const losses: Tensor[] = []
  const dxs: Tensor[] = []
  let dWeight: Tensor | undefined
  let before: Tensor[] = []
  for (let start = 0; start < count; start += chunk) {
    const part = (t: Tensor) => slice(t, 0, start, Math.min(start + chunk, count))
    const rows = before.length > 0 ? barrier(part(x), ...before) : part(x)
    const logits = matmul(rows, weight, { transposeB: true })
    const loss = crossEntropy(logits, part(targets), { labelSmoothing })
    losses.push(loss)
    before = [loss]
    const g = weights.rank === 0 ? expand(weights, loss.shape) : part(weights)
    const [dx, dPart] = pullback(loss, [rows, weight], g) as [Tensor, Tensor]
    if (wantsX) {
      dxs.push(dx)
      before.push(dx)
    }
    if (wantsWeight) {
      dWeight = dWeight ? add(dWeight, dPart) : dPart
      before.push(dWeight)
    }
  }
  const all = concat(losses, 0)
  return [sum(mul(all, weights)), all, wantsX ? concat(dxs, 0) : undefined, dWeight]
}

/**
 * Cross-entropy of the logits x Wᵀ in chunks of rows: a chunk's logits lead to its losses and its
 * share of the gradients at once, so that the logits of all rows never exist together; for large
 * vocabularies they would be the largest tensor. x: (N, C), weight: (V, C), targets: (N) as for
 * `crossEntropy`. `loss` () is the sum of `losses` (N) times `weights`; only it has a derivative.
 */
export function linearCrossEntropy(
  x: Tensor,
  weight: Tensor,
  targets: Tensor,
  options: LinearCrossEntropyOptions = {},
): { loss: Tensor; losses: Tensor } {
  const { weights = constant(1, [], x.dtype), labelSmoothing = 0 } = options
  const { chunk = evenChunk(Number(x.shape[0]), Number(weight.shape[0])) } = options
  if (!Number.isInteger(chunk) || chunk < 1)
    throw new RangeError(`linearCrossEntropy: chunk ${chunk} is not a number of rows`)
  const inputs: Inputs = [x, weight, targets, weights]
  const [loss, losses] = applyAll(linearCrossEntropyOp, inputs, { chunk, labelSmoothing })
  return { loss, losses } as { loss: Tensor; losses: Tensor }
}

/** More chunks save no memory, since each adds to a gradient of the size of `weight`. */
const LOGITS = 2 ** 25

function evenChunk(rows: number, classes: number): number {
  const chunks = Math.ceil((rows * classes) / LOGITS)
  return Math.max(1, Math.ceil(rows / chunks))
}
