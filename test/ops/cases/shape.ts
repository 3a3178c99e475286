import {
  add,
  cast,
  concat,
  expand,
  gather,
  greater,
  last,
  linear,
  mean,
  mul,
  pad,
  reshape,
  skip,
  slice,
  softmax,
  split,
  sum,
  transpose,
  where,
} from '../../../src/graph/index.ts'
import { exactly, floats } from '../../interpreter/values.ts'
import { type Case, op } from '../case.ts'

const x = () => ({ x: floats([2, 3, 4]) })
const named = () => ({ x: floats([2, 3, 4], -2, 2, ['batch', 'length', 4]) })

export const shapeCases: Case[] = [
  op('reshape', x(), ({ x }) => [reshape(x, [6, 4]), reshape(mul(x, x), [3, 2, 2, 2])]),
  op('reshape to a scalar', { x: floats([1, 1]) }, ({ x }) => mul(reshape(x, []), 2)),
  op('transpose', x(), ({ x }) => [
    transpose(x),
    transpose(x, [1, 0, 2]),
    transpose(x, [0, 2, -2]),
  ]),
  op('transposes that cancel', x(), ({ x }) =>
    mul(transpose(transpose(x, [1, 2, 0]), [2, 0, 1]), x),
  ),
  op('expand', { x: floats([3, 1]) }, ({ x }) =>
    mul(expand(x, [2, 3, 4]), expand(x, [3, 2]).shape[1] as number),
  ),
  op('slice', x(), ({ x }) => [slice(x, 0, 1), slice(x, 1, 0, 2), slice(mul(x, x), -1, -3, -1)]),
  op('pad', x(), ({ x }) => [pad(x, 0, 1, 0), pad(mul(x, x), 2, 2, 3)]),
  op('concat', { a: floats([2, 3]), b: floats([2, 1]) }, ({ a, b }) => [
    concat([a, b, mul(a, a)], 1),
    concat([a, a], 0),
  ]),
  op('split', x(), ({ x }) => {
    const [a, b] = split(x, [1, 3], -1)
    return [mul(a ?? x, a ?? x), b ?? x]
  }),
  op('split, one part unused', x(), ({ x }) => {
    const [, b] = split(mul(x, x), [1, 2], 1)
    return b ?? x
  }),
  ...(['int32', 'int64'] as const).map((dtype) =>
    op(
      `shapes of ${dtype}`,
      { a: exactly(dtype, [3], [1, 2, 0]) },
      ({ a }) => [
        concat([a, slice(a, 0, 1)], 0),
        reshape(a, [3, 1]),
        expand(reshape(a, [3, 1]), [3, 2]),
        transpose(expand(a, [2, 3])),
        pad(a, 0, 1, 2),
        ...split(a, [1, 2], 0),
        gather(a, cast(a, 'int32')),
        sum(a),
        where(greater(a, 1), a, 0),
      ],
      { order: 0, usesHost: dtype === 'int64' },
    ),
  ),
  op('named dimensions', named(), ({ x }) => [
    add(x, 1),
    sum(x, 2),
    reshape(x, ['batch', 'length', 2, 2]),
    softmax(x),
    mean(mul(x, x), 2, true),
  ]),
  op(
    'linear of named dimensions',
    { ...named(), weight: floats([3, 4]), bias: floats([3]) },
    ({ x, weight, bias }) => linear(x, weight, bias),
  ),
  op(
    'named dimensions that move',
    named(),
    ({ x }) => [
      reshape(mul(x, x), ['batch*length', 4]),
      reshape(transpose(x, [0, 2, 1]), [2, 'batch', 2, 'length']),
    ],
    { usesHost: true },
  ),
  op(
    'skip, and a sum of dimensions with a name of its own',
    {
      x: floats([2, 5, 3], -2, 2, ['batch', 'total', 3]),
      past: floats([4, 2, 3], -2, 2, [4, 'past', 3]),
      first: floats([2, 2, 3], -2, 2, ['batch', 'past', 3]),
    },
    ({ x, past, first }) => {
      const rest = skip(mul(x, 2), 1, { like: past, likeAxis: 1, size: 'rest' })
      return [rest, add(concat([first, rest], 1, 'total'), x)]
    },
    { order: 0, by: [], usesHost: true },
  ),
  ...[0, 2, 9].map((count) =>
    op(
      `the last ${count}`,
      { x: floats([2, 5, 3]), count: exactly('int64', [], [count]) },
      ({ x, count }) => last(mul(x, 2), 1, count, 'kept'),
      { order: 0, by: [], usesHost: true },
    ),
  ),
]
