import { describe, expect, test } from 'vitest'
import {
  add,
  and,
  at,
  concat,
  crossEntropy,
  exp,
  expand,
  gather,
  gatherElements,
  input,
  layerNorm,
  linearCrossEntropy,
  matmul,
  neg,
  pad,
  reshape,
  rotary,
  scatterElements,
  slice,
  softmax,
  split,
  type Tensor,
  topK,
  topologicalOrder,
  transpose,
  where,
} from './index.ts'

const x = input('x', 'float32', [2, 3])
const weight = input('model.layers.0.mlp.up_proj.weight', 'float32', [4, 5])
const ids = input('ids', 'int32', [2])
const flags = input('flags', 'bool', [2, 3])
const named = input('named', 'float32', ['batch', 3])

describe('errors name the op, the shapes and the parameters', () => {
  const wrong: [make: () => unknown, message: string][] = [
    [
      () => matmul(x, weight),
      'matmul: (2, 3) and (4, 5) [x, model.layers.0.mlp.up_proj.weight]: ' +
        'the inner dimensions 3 and 4 differ',
    ],
    [
      () => matmul(x, transpose(reshape(weight, [5, 4]))),
      'matmul: (2, 3) and (4, 5) [x, model.layers.0.mlp.up_proj.weight]: ' +
        'the inner dimensions 3 and 4 differ',
    ],
    [
      () => matmul(x, ids),
      'matmul: (2, 3) and (2) [x, ids]: it takes float32 or float16, not int32',
    ],
    [() => add(x, weight), 'add: (2, 3) and (4, 5) [x, model.layers.0.mlp.up_proj.weight]'],
    [() => add(named, input('y', 'float32', ['length', 3])), 'add: (batch, 3) and (length, 3)'],
    [() => add(x, flags), 'add: (2, 3) and (2, 3) [x, flags]: it takes float32 or'],
    [() => add(ids, input('y', 'int64', [2])), 'the dtypes int32 and int64 differ'],
    [() => and(x, x), 'and: (2, 3) and (2, 3) [x, x]: it takes bool, not float32'],
    [() => exp(ids), 'exp: (2) [ids]: it takes float32 or float16, not int32'],
    [() => neg(flags), 'neg: (2, 3) [flags]'],
    [() => softmax(ids), 'softmax: (2) [ids]'],
    [
      () => where(x, x, x),
      'where: (2, 3) and (2, 3) and (2, 3) [x, x, x]: the condition is float32',
    ],
    [() => reshape(x, [4, 2]), 'reshape: (2, 3) [x]: does not hold as many elements as (4, 2)'],
    [() => reshape(named, ['batch']), 'reshape: (batch, 3) [named]: does not hold as many'],
    [() => expand(x, [4, 3]), 'expand: (2, 3) [x]: does not broadcast to (4, 3)'],
    [() => slice(x, 1, 1, 4), 'slice: (2, 3) [x]: no range 1..4 in axis 1 (3)'],
    [() => slice(named, 0, 1), 'slice: (batch, 3) [named]'],
    [() => pad(x, 1, -1, 0), 'pad: (2, 3) [x]: cannot add -1 and 0 to axis 1 (3)'],
    [() => concat([x, weight], 0), 'concat: (2, 3) and (4, 5) [x, model'],
    [() => split(x, [1, 1], 1), 'split: (2, 3) [x]: axis 1 is not as long as 1 + 1'],
    [() => transpose(x, [0, 0]), 'transpose: (2, 3) [x]: [0,0] is no order of its axes'],
    [() => gather(weight, x), 'gather: (2, 3) [x]: it takes int32 or int64, not float32'],
    [
      () => gatherElements(x, ids, 0),
      'gatherElements: (2, 3) and (2) [x, ids]: the indices do not',
    ],
    [
      () => scatterElements(x, reshape(ids, [2, 1]), x, 1),
      'scatterElements: (2, 3) and (2, 1) and (2, 3) [x, ids, x]: indices and updates differ',
    ],
    [() => topK(x, 4), 'topK: (2, 3) [x]: cannot take 4 of the 3 along the last axis'],
    [() => layerNorm(x, ids), 'layerNorm: (2, 3) and (2) [x, ids]'],
    [
      () => crossEntropy(x, input('targets', 'int32', [3])),
      'crossEntropy: (2, 3) and (3) [x, targets]',
    ],
    [
      () => crossEntropy(input('logits', 'float32', [3, 'classes']), input('t', 'int32', [3])),
      'crossEntropy: (3, classes) and (3) [logits, t]: needs logits (N, V) and targets (N), with a',
    ],
    [() => rotary(x, x, x), 'rotary: (2, 3) [x]: its last axis, 3, has no two halves'],
    [() => split(x, [1.5, 1.5], 1), 'split: (2, 3) [x]: axis 1 is not as long as 1.5 + 1.5'],
    [() => linearCrossEntropy(x, weight, ids), 'linearCrossEntropy: (2, 3) and (4, 5) and (2)'],
  ]
  for (const [make, message] of wrong) test(message, () => expect(make).toThrow(message))
})

test('an axis outside a tensor is refused', () => {
  expect(() => softmax(x, 2)).toThrow('softmax: axis 2 is outside a tensor of rank 2')
  expect(() => slice(x, -3, 0)).toThrow('slice: axis -3 is outside a tensor of rank 2')
})

test('each node comes once, after its inputs', () => {
  const shared = add(x, 1)
  const y = add(matmul(shared, transpose(shared)), matmul(x, transpose(x)))
  const order = topologicalOrder([y, shared])
  expect(new Set(order).size).toBe(order.length)
  for (const [i, node] of order.entries())
    for (const t of node.inputs) expect(order.indexOf(t.node)).toBeLessThan(i)
  expect(order.map((node) => node.op.name)).toContain('transpose')
})

test('known nodes, and what is only below them, are left out', () => {
  const middle = add(exp(x), 1)
  const order = topologicalOrder([add(middle, x)], new Set([middle.node]))
  expect(order.map((node) => node.op.name)).toEqual(['input', 'add'])
})

test('a hundred thousand nodes do not overflow the stack', () => {
  let y: Tensor = x
  for (let i = 0; i < 100_000; i++) y = neg(y)
  expect(topologicalOrder([y]).length).toBe(100_001)
  expect(() => matmul(y, weight)).toThrow('[x, model.layers.0.mlp.up_proj.weight]')
  expect(at(y.shape, 0)).toBe(2)
})
