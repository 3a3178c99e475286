import { expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import {
  add,
  cast,
  constant,
  customGradient,
  exp,
  gather,
  grad,
  input,
  matmul,
  mul,
  neg,
  simplify,
  split,
  stopGradient,
  sum,
  type Tensor,
  toOnnx,
} from './index.ts'

const x = input('x', 'float32', [2])
const y = input('y', 'float32', [2])
const feeds = {
  x: { shape: [2], values: [3, -1] },
  y: { shape: [2], values: [10, 20] },
}
const values = (tensors: readonly Tensor[]) =>
  evaluate(tensors, feeds).map(({ data }) => Array.from(data))

test('a parameter that is used several times gets the sum of its gradients', () => {
  const loss = sum(add(mul(x, x), mul(x, y)))
  expect(values(grad(loss, [x, y]))).toEqual([
    [16, 18],
    [3, -1],
  ])
})

test('a parameter without influence gets zeros of its own shape', () => {
  const unused = input('unused', 'float32', [3, 2])
  const [g] = grad(sum(x), [unused]) as [Tensor]
  expect(g.shape).toEqual([3, 2])
  expect(values([g])).toEqual([[0, 0, 0, 0, 0, 0]])
  expect(() => grad(sum(x), [input('open', 'float32', ['batch'])])).toThrow(
    'grad: (batch) [open]: the loss does not depend on it, and its size is open',
  )
})

test('stopGradient is constant to the derivative', () => {
  expect(values(grad(sum(mul(x, stopGradient(mul(x, x)))), [x]))).toEqual([[9, 1]])
})

test('so are whole numbers', () => {
  const rounded = cast(cast(x, 'int32'), 'float32')
  expect(values(grad(sum(mul(rounded, x)), [x]))).toEqual([[3, -1]])
  const table = input('table', 'float32', [4])
  const picked = gather(table, cast(x, 'int64'))
  expect(grad(sum(picked), [x]).map((t) => t.shape)).toEqual([[2]])
})

test('customGradient states the derivative, also that of the derivative', () => {
  const clipped = customGradient(exp(x), [x, y], (g, [x, y]) => [
    x && y && mul(g, mul(x, y)),
    x && mul(g, 7),
  ])
  const [gx, gy] = grad(sum(clipped), [x, y]) as [Tensor, Tensor]
  expect(values([gx, gy])).toEqual([
    [30, -20],
    [7, 7],
  ])
  expect(values(grad(sum(gx), [x, y]))).toEqual([
    [10, 20],
    [3, -1],
  ])
})

test('the gradient of an intermediate tensor counts all that follows from it', () => {
  const middle = mul(x, y)
  const loss = sum(add(mul(middle, middle), middle))
  expect(values(grad(loss, [middle, x]))).toEqual([
    [61, -39],
    [610, -780],
  ])
})

test('the loss is its own derivative times the seed', () => {
  const loss = sum(x)
  expect(values(grad(loss, [loss]))).toEqual([[1]])
  expect(values(grad(x, [x], constant([5, 6], [2])))).toEqual([[5, 6]])
  expect(values(grad(mul(x, 2), [x], y))).toEqual([[20, 40]])
})

test('a part of a split that is not used gets zeros, whatever it holds', () => {
  const [a] = split(mul(x, constant([1, Number.POSITIVE_INFINITY], [2])), [1, 1], 0) as [Tensor]
  expect(values(grad(sum(mul(a, a)), [x]))[0]?.[0]).toBe(6)
  expect(values(grad(sum(mul(split(x, [1, 1], 0)[0] as Tensor, y)), [x]))).toEqual([[30, 0]])
})

/** Alternates ops so that rules of the simplifier apply at every step. */
function deep(depth: number): Tensor {
  let t = x
  for (let i = 0; i < depth / 4; i++) t = add(mul(neg(mul(t, 0.5)), -2), mul(x, 0))
  return sum(t)
}

test('50,000 nodes are differentiated, simplified and emitted in linear time', () => {
  const loss = deep(50_000)
  const model = toOnnx({ loss, g: grad(loss, [x])[0] as Tensor }, { target: 'cpu' })
  expect(model.inputs.map((spec) => spec.name)).toEqual(['x'])
  const few = deep(40)
  const found = values([...simplify([few]), few, ...grad(few, [x])])
  expect(found).toEqual([[2], [2], [1, 1]])
})

test('a matrix that multiplies itself is differentiated on both sides', () => {
  const m = input('m', 'float32', [2, 2])
  const [g] = grad(sum(matmul(m, m)), [m]) as [Tensor]
  const of = evaluate([g], { m: { shape: [2, 2], values: [1, 2, 3, 4] } })
  expect(Array.from(of[0]?.data ?? [])).toEqual([7, 11, 9, 13])
})
