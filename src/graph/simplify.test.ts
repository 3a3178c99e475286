import { describe, expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import {
  add,
  constant,
  div,
  exp,
  expand,
  gather,
  grad,
  input,
  linear,
  matmul,
  maximum,
  mul,
  neg,
  pow,
  reciprocal,
  reshape,
  simplify,
  softmax,
  sub,
  sum,
  type Tensor,
  topologicalOrder,
  transpose,
} from './index.ts'
import { uniformValue } from './ops/leaf.ts'

const x = input('x', 'float32', [2, 3])
const w = input('w', 'float32', [3, 4])
const row = input('row', 'float32', [4])
const c = input('c', 'float32', [2, 4])

/** Names of the ops that are left, without inputs and constants. */
const left = (...outputs: Tensor[]): string[] =>
  topologicalOrder(simplify(outputs))
    .map((node) => node.op.name)
    .filter((name) => name !== 'input' && name !== 'constant')

const first = (tensor: Tensor): Tensor => simplify([tensor])[0] as Tensor

describe('elementwise work in its cheapest form', () => {
  const forms: [what: string, from: Tensor, to: string[]][] = [
    ['x + 0', add(x, 0), []],
    ['0 + x', add(0, x), []],
    ['x - 0', sub(x, 0), []],
    ['x * 1', mul(x, 1), []],
    ['x / 1', div(x, 1), []],
    ['x^1', pow(x, 1), []],
    ['x^2', pow(x, 2), ['mul']],
    ['x + -y', add(exp(x), neg(x)), ['exp', 'sub']],
    ['-x + y', add(neg(x), exp(x)), ['exp', 'sub']],
    ['x - -y', sub(exp(x), neg(x)), ['exp', 'add']],
    ['0 - x', sub(0, x), ['neg']],
    ['((x * 2) * 3) * 4', mul(mul(mul(x, 2), 3), 4), ['mul']],
    ['-(x * 2) * 3', mul(neg(mul(x, 2)), 3), ['mul']],
    ['x * (1 + 2)', mul(x, add(1, constant(2))), ['mul']],
    ['x + a whole tensor of zeros', add(x, constant(0, [2, 3])), []],
    ['x * ones that broadcast', mul(x, expand(constant(1, [1, 3]), [2, 3])), []],
    ['x * an expanded tensor', mul(c, expand(row, [2, 4])), ['mul']],
    ['a reshape of a reshape', reshape(reshape(x, [3, 2]), [6]), ['reshape']],
    ['a reshape back', reshape(reshape(x, [3, 2]), [2, 3]), []],
    ['a transpose back', transpose(transpose(x)), []],
  ]
  for (const [what, from, to] of forms) test(what, () => expect(left(from)).toEqual(to))

  test('what would change the shape stays', () => {
    expect(left(add(x, constant(0, [5, 2, 3])))).toEqual(['add'])
    expect(left(mul(row, constant(1, [2, 4])))).toEqual(['mul'])
    expect(first(mul(row, constant(1, [2, 4]))).shape).toEqual([2, 4])
  })

  test('0 x stays: x may be infinite', () => expect(left(mul(x, 0))).toEqual(['mul']))
})

describe('constants are folded as the engine would round them', () => {
  test('to float32', () => {
    expect(uniformValue(first(add(constant(0.1), constant(0.2))))).toBe(
      Math.fround(Math.fround(0.1) + Math.fround(0.2)),
    )
    expect(uniformValue(first(mul(reciprocal(constant(3)), 3)))).toBe(
      Math.fround(Math.fround(1 / 3) * 3),
    )
  })

  test('in any shape', () => {
    const folded = first(reshape(expand(mul(constant(2), 3), [2, 3]), [6]))
    expect([uniformValue(folded), folded.shape]).toEqual([6, [6]])
  })

  test('0 and -0, and the infinities, are told apart', () => {
    const numbers = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const found = simplify(numbers.map((n) => maximum(constant(n, [2]), constant(n, [2]))))
    expect(new Set(found).size).toBe(4)
    const quotients = simplify([0, -0].map((n) => div(constant(1), constant(n))))
    expect(quotients.map(uniformValue)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ])
    const lists = simplify([constant([0, 1], [2]), constant([-0, 1], [2]), constant([0, 1], [2])])
    expect(lists[0]).toBe(lists[2])
    expect(lists[0]).not.toBe(lists[1])
  })
})

describe('equal nodes become one', () => {
  test('however deep', () => {
    const twice = () => softmax(exp(mul(x, 3)))
    expect(left(add(twice(), twice()))).toEqual(['mul', 'exp', 'softmax', 'add'])
  })

  test('but not those with other attributes, inputs or outputs', () => {
    expect(left(softmax(x, 0), softmax(x, 1))).toEqual(['softmax', 'softmax'])
    expect(left(sub(x, exp(x)), sub(exp(x), x))).toEqual(['exp', 'sub', 'sub'])
    const large = (value: number) => constant(new Float32Array(100).fill(value), [100])
    expect(simplify([large(1), large(2)]).length).toBe(2)
    expect(new Set(simplify([large(1), large(2)])).size).toBe(2)
  })

  test('large constants by their content', () => {
    const mask = () =>
      constant(
        new Float32Array(100).map((_, i) => i),
        [100],
      )
    const [a, b] = simplify([mask(), mask()])
    expect(a).toBe(b)
  })
})

test('dead nodes go', () => {
  const both = mul(x, 2)
  exp(both)
  expect(left(sum(both, 0))).toEqual(['mul', 'sum', 'reshape'])
})

describe('sums and factors move into matrix products', () => {
  const product = () => matmul(x, w)

  test('a row, a matrix, on either side', () => {
    expect(left(add(product(), row))).toEqual(['gemm'])
    expect(left(add(c, product()))).toEqual(['gemm'])
    expect(left(linear(x, transpose(w), row))).toEqual(['transpose', 'gemm'])
  })

  test('a factor', () => {
    expect(left(mul(product(), 0.5))).toEqual(['matmul'])
    expect(left(add(mul(product(), 0.5), row))).toEqual(['gemm'])
    const scaled = first(mul(matmul(x, w, { scale: 4 }), 0.5)).node
    expect(scaled.attrs).toMatchObject({ scale: 2 })
  })

  test('both products of a sum: one holds the other', () => {
    const other = matmul(input('y', 'float32', [2, 3]), w)
    expect(left(add(product(), other))).toEqual(['matmul', 'gemm'])
  })

  test('unless the product is used elsewhere too', () => {
    const shared = product()
    expect(left(add(shared, row), shared)).toEqual(['matmul', 'add'])
    expect(left(add(shared, row), exp(shared)).sort()).toEqual(['add', 'exp', 'matmul'])
    expect(left(mul(shared, 2), exp(shared)).sort()).toEqual(['exp', 'matmul', 'mul'])
  })

  test('unless the sum is of another shape', () => {
    const column = input('column', 'float32', [2, 1])
    expect(left(add(product(), column))).toEqual(['matmul', 'add'])
    expect(left(add(product(), input('z', 'float32', [5, 2, 4])))).toEqual(['matmul', 'add'])
    const batch = input('batch', 'float32', [5, 2, 3])
    expect(left(add(matmul(batch, w), row))).toEqual(['matmul', 'add'])
  })
})

describe('a product of many matrices takes its second as it lies', () => {
  const q = input('q', 'float32', [2, 3, 4])
  const k = input('k', 'float32', [3, 2, 4])
  const keys = transpose(k, [1, 0, 2])
  const scores = matmul(q, keys, { transposeB: true, scale: 0.5 })
  const values = Array.from({ length: 24 }, (_, i) => (7 * i) % 5)
  const feeds = { q: { shape: [2, 3, 4], values }, k: { shape: [3, 2, 4], values } }

  test('where it is transposed anyway', () => {
    expect(left(scores)).toEqual(['transpose', 'matmul'])
    expect(first(scores).node.attrs).toEqual({ transposeA: false, transposeB: false, scale: 0.5 })
    expect(evaluate([first(scores)], feeds)).toEqual(evaluate([scores], feeds))
  })

  test('unless others want it as it was', () => {
    const [product] = simplify([scores, keys])
    expect(product?.node.attrs).toMatchObject({ transposeB: true })
  })
})

test('a gradient that is scattered into zeros and added is scattered into the other', () => {
  const table = input('table', 'float32', [600, 4])
  const ids = input('ids', 'int32', [2])
  const embedded = gather(table, ids)
  const loss = sum(matmul(embedded, table, { transposeB: true }))
  const [g] = grad(loss, [table]) as [Tensor]
  const ops = left(g)
  expect(ops.filter((name) => name === 'scatterElements').length).toBe(1)
  expect(ops).not.toContain('add')
  const feeds = {
    ids: { shape: [2], values: [5, 599] },
    table: { shape: [600, 4], values: Array.from({ length: 2400 }, (_, i) => Math.sin(i)) },
  }
  const [before, after] = evaluate([g, first(g)], feeds)
  for (const [i, value] of (before?.data ?? []).entries())
    expect(after?.data[i]).toBeCloseTo(value, 9)
})
