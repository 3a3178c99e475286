import { describe, expect, test } from 'vitest'
import {
  exp,
  grad,
  input,
  linearCrossEntropy,
  mul,
  simplify,
  sum,
  type Tensor,
  topologicalOrder,
} from './index.ts'

const x = input('x', 'float32', [10, 4])
const weight = input('weight', 'float32', [7, 4])
const targets = input('targets', 'int32', [10])
const weights = input('weights', 'float32', [10])

/** How often each op is left. Each chunk's own barrier keeps its logits in memory but once. */
function counts(outputs: readonly Tensor[]) {
  const nodes = topologicalOrder(simplify(outputs))
  const count = (name: string) => nodes.filter(({ op }) => op.name === name).length
  return { matmul: count('matmul'), gemm: count('gemm'), barrier: count('barrier') }
}

describe('only what is asked for is computed', () => {
  const { loss, losses } = linearCrossEntropy(x, weight, targets, { chunk: 4, weights })
  const [dx, dWeight, dWeights] = grad(loss, [x, weight, weights]) as [Tensor, Tensor, Tensor]

  test('the loss: one product for each of 3 chunks, one after another', () => {
    expect(counts([loss])).toEqual({ matmul: 3, gemm: 0, barrier: 2 + 3 })
    expect(counts([losses, dWeights])).toEqual({ matmul: 3, gemm: 0, barrier: 2 + 3 })
  })

  test('the gradient of x: one more each', () => {
    expect(counts([loss, dx])).toEqual({ matmul: 6, gemm: 0, barrier: 2 + 3 })
  })

  test('that of the weight: products that add to the chunk before', () => {
    expect(counts([loss, dx, dWeight])).toEqual({ matmul: 7, gemm: 2, barrier: 2 + 3 })
  })

  test('one chunk waits for no other', () => {
    const whole = linearCrossEntropy(x, weight, targets)
    expect(counts([whole.loss, ...grad(whole.loss, [x, weight])])).toEqual({
      matmul: 3,
      gemm: 0,
      barrier: 1,
    })
  })
})

test('a second derivative is refused, not left out', () => {
  const { loss, losses } = linearCrossEntropy(x, weight, targets)
  for (const first of [loss, sum(exp(losses))]) {
    const [dx] = grad(first, [x]) as [Tensor]
    expect(() => grad(sum(mul(dx, dx)), [x])).toThrow('linearCrossEntropy: no second derivative')
  }
})

test('a chunk of no rows is refused', () => {
  for (const chunk of [0, -1, 1.5, Number.NaN])
    expect(() => linearCrossEntropy(x, weight, targets, { chunk })).toThrow(
      `linearCrossEntropy: chunk ${chunk} is not a number of rows`,
    )
})
