import { expect, test } from 'vitest'
import {
  add,
  dropout,
  gelu,
  grad,
  input,
  linear,
  recompute,
  simplify,
  sum,
  type Tensor,
  topologicalOrder,
} from './index.ts'

const x = input('x', 'float32', [4, 8])
const weight = input('weight', 'float32', [8, 8])
const key = input('key', 'float32', [3])

/** How often each op is computed for the loss of three layers and its gradients. */
function counts(mark: (y: Tensor, x: Tensor) => Tensor) {
  let t = x
  for (let position = 0; position < 3; position++) {
    const hidden = dropout(gelu(linear(t, weight)), 0.5, { key, position })
    t = mark(add(t, linear(hidden, weight)), t)
  }
  const loss = sum(t)
  const nodes = topologicalOrder(simplify([loss, ...grad(loss, [weight, x])]))
  const count = (name: string) => nodes.filter(({ op }) => op.name === name).length
  return { gelu: count('gelu'), masks: count('floor'), barriers: count('barrier') }
}

test('layers are recomputed after their gradient has come, masks too', () => {
  const plain = counts((y) => y)
  expect(plain).toMatchObject({ gelu: 3, barriers: 0 })
  // A barrier for each layer's input and one for its key.
  expect(counts((y, x) => recompute(y, [x]))).toEqual({
    gelu: 6,
    masks: 2 * plain.masks,
    barriers: 6,
  })
})

test('without a gradient nothing is recomputed', () => {
  const y = recompute(gelu(linear(x, weight)), [x])
  const names = topologicalOrder(simplify([y])).map(({ op }) => op.name)
  expect(names).toEqual(['input', 'input', 'matmul', 'gelu'])
})
