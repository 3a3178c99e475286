import { describe, expect, test } from 'vitest'
import {
  add,
  concat,
  constant,
  div,
  input,
  matmul,
  max,
  pad,
  reshape,
  scatterElements,
  simplify,
  softmax,
  split,
  sum,
  type Tensor,
  topK,
  topologicalOrder,
  transpose,
} from '../../src/graph/index.ts'
import { apply } from '../../src/graph/tensor.ts'
import { cases } from '../ops/cases.ts'
import { gradientGraph } from './check-gradient.ts'
import { erf } from './elementwise.ts'
import { evaluate, type Feeds, opNames } from './evaluate.ts'

const value = (tensor: Tensor, feeds: Feeds = {}) => {
  const [result] = evaluate([tensor], feeds)
  return { shape: result?.shape, values: Array.from(result?.data ?? []) }
}

/** 0, 1, 2, ... */
const counted = (...shape: number[]): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1)
  return constant(
    Array.from({ length: size }, (_, i) => i),
    shape,
  )
}

describe('the interpreter against values known from elsewhere', () => {
  test('the error function (Abramowitz & Stegun, table 7.1)', () => {
    for (const [x, y] of [
      [0, 0],
      [0.5, 0.5204998778],
      [1, 0.8427007929],
      [2, 0.995322265],
      [-1.5, -0.9661051465],
      [9, 1],
    ] as const)
      expect(erf(x)).toBeCloseTo(y, 9)
  })

  test('products, with transposes and batches', () => {
    expect(value(matmul(counted(2, 3), counted(3, 2))).values).toEqual([10, 13, 28, 40])
    expect(value(matmul(counted(2, 3), counted(2, 3), { transposeB: true })).values).toEqual([
      5, 14, 14, 50,
    ])
    expect(
      value(matmul(counted(3, 2), counted(3, 2), { transposeA: true, scale: 0.5 })).values,
    ).toEqual([10, 13, 13, 17.5])
    const batch = value(matmul(counted(2, 1, 2), counted(2, 1)))
    expect(batch).toEqual({ shape: [2, 1, 1], values: [1, 3] })
  })

  test('moves', () => {
    expect(value(transpose(counted(2, 3))).values).toEqual([0, 3, 1, 4, 2, 5])
    expect(value(transpose(counted(1, 2, 3), [2, 0, 1])).shape).toEqual([3, 1, 2])
    expect(value(pad(counted(2, 2), 1, 1, 0)).values).toEqual([0, 0, 1, 0, 2, 3])
    expect(value(concat([counted(2, 1), counted(2, 2)], 1)).values).toEqual([0, 0, 1, 1, 2, 3])
    expect(value(split(counted(2, 3), [1, 2], 1)[1] as Tensor).values).toEqual([1, 2, 4, 5])
  })

  test('reductions and choices', () => {
    expect(value(sum(counted(2, 3), 0)).values).toEqual([3, 5, 7])
    expect(value(max(counted(2, 3), 1, true))).toEqual({ shape: [2, 1], values: [2, 5] })
    expect(value(softmax(constant(Math.log(3), [1, 2]))).values).toEqual([0.5, 0.5])
    const { values, indices } = topK(constant([1, 7, 7, 3], [4]), 3)
    expect(value(values).values).toEqual([7, 7, 3])
    expect(value(indices).values).toEqual([1, 2, 3])
    const places = constant([1, 1, 0], [3], 'int32')
    expect(value(scatterElements(counted(2), places, counted(3), 0)).values).toEqual([2, 2])
  })

  test('division of whole numbers drops the fraction', () => {
    const whole = constant([7, -7], [2], 'int64')
    expect(value(div(whole, 2)).values).toEqual([3, -3])
  })
})

describe('named dimensions take their sizes from the feeds', () => {
  const x = input('x', 'float32', ['batch', 'length', 2])
  const feeds = { x: { shape: [3, 1, 2], values: [1, 2, 3, 4, 5, 6] } }

  test('and products and sums of them follow', () => {
    expect(value(reshape(x, ['batch*length', 2]), feeds).shape).toEqual([3, 2])
    const y = input('y', 'float32', ['batch', 'past', 2])
    const joined = concat([y, x], 1)
    expect(joined.shape).toEqual(['batch', 'past+length', 2])
    const both = { ...feeds, y: { shape: [3, 2, 2], values: new Array(12).fill(0) } }
    expect(value(joined, both).shape).toEqual([3, 3, 2])
  })

  test('which must agree', () => {
    const y = input('y', 'float32', ['batch', 1, 2])
    const wrong = { ...feeds, y: { shape: [2, 1, 2], values: [0, 0, 0, 0] } }
    expect(() => evaluate([add(x, 1), y], wrong)).toThrow('y: (2,1,2) given for (batch,1,2)')
    expect(() => evaluate([x], {})).toThrow('no value for the input x')
  })
})

test('an op that computes another shape than it states is found', () => {
  const wrong = { name: 'neg', infer: () => ({ dtype: 'float32', shape: [3] }) as const }
  expect(() => evaluate([apply(wrong, [counted(2)], {})], {})).toThrow(
    'neg states (3) and computes (2)',
  )
})

test('the cases use every op that there is', () => {
  const used = new Set<string>()
  for (const { build, inputs, by } of cases) {
    const { outputs, gradients } = gradientGraph(build, inputs, by)
    const all = [...outputs, ...Object.values(gradients)]
    for (const { op } of topologicalOrder([...all, ...simplify(all)])) used.add(op.name)
  }
  expect(opNames.filter((name) => !used.has(name))).toEqual([])
})

test('no case expects NaN but in places of a cache that are not taken', () => {
  for (const { name, build, inputs, by } of cases) {
    const { outputs, gradients, feeds } = gradientGraph(build, inputs, by)
    for (const { data } of evaluate([...outputs, ...Object.values(gradients)], feeds))
      if (!name.startsWith('cachedAttention')) expect(data.every(Number.isFinite)).toBe(true)
  }
})
