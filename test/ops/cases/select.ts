import {
  gather,
  gatherElements,
  greater,
  matmul,
  mul,
  nonZero,
  oneHot,
  reshape,
  scatterElements,
  scatterRows,
  topK,
} from '../../../src/graph/index.ts'
import { exactly, floats } from '../../interpreter/values.ts'
import { type Case, op } from '../case.ts'

const rows = () => ({ table: floats([5, 3]), at: exactly('int32', [2, 2], [4, 0, 4, 2]) })

export const selectCases: Case[] = [
  op('gather', rows(), ({ table, at }) => gather(mul(table, table), at)),
  op(
    'gather from a vector',
    { x: floats([5]), at: exactly('int32', [3], [1, 4, 1]) },
    ({ x, at }) => gather(x, at),
  ),
  op(
    'gather by int64',
    { table: floats([5, 3]), at: exactly('int64', [3], [4, 1, 1]) },
    ({ table, at }) => gather(table, at),
    { usesHost: true },
  ),
  op(
    'gather from many rows',
    { table: floats([600, 2]), at: exactly('int32', [4], [599, 0, 7, 599]) },
    ({ table, at }) => gather(table, at),
    { order: 1 },
  ),
  op(
    'gatherElements',
    { x: floats([3, 4]), at: exactly('int32', [3, 2], [0, 3, 1, 1, 2, 0]) },
    ({ x, at }) => gatherElements(mul(x, x), at, 1),
  ),
  op(
    'gatherElements, first axis',
    { x: floats([3, 4]), at: exactly('int32', [1, 4], [2, 0, 1, 2]) },
    ({ x, at }) => gatherElements(x, at, 0),
  ),
  op(
    'scatterElements',
    {
      x: floats([3, 4]),
      updates: floats([3, 2]),
      at: exactly('int32', [3, 2], [0, 3, 1, 1, 2, 0]),
    },
    ({ x, updates, at }) => scatterElements(mul(x, x), at, mul(updates, updates), 1),
  ),
  op(
    'scatterRows',
    { x: floats([4, 3]), updates: floats([5, 3]), at: exactly('int32', [5], [3, 0, 3, 3, 1]) },
    ({ x, updates, at }) => scatterRows(x, at, updates),
  ),
  op(
    'oneHot',
    { at: exactly('int32', [4], [2, 0, -100, 3]) },
    ({ at }) => [oneHot(at, 4), reshape(oneHot(at, 5), [2, 10])],
    { order: 0 },
  ),
  op('topK', { x: floats([3, 6]) }, ({ x }) => {
    const { values, indices } = topK(mul(x, 2), 3)
    return [values, indices]
  }),
  ...[
    { name: 'some', choice: [1, -1, 2, -3, 0.5] },
    { name: 'none', choice: [-1, -1, -2, -3, 0] },
    { name: 'all', choice: [1, 1, 2, 3, 1] },
  ].map(({ name, choice }) =>
    op(
      `nonZero: rows computed apart, ${name} of them`,
      { x: floats([5, 3]), w: floats([3, 3]), choice: exactly('float32', [5], choice) },
      ({ x, w, choice }) => {
        const indices = nonZero(greater(choice, 0), 'chosen')
        return scatterRows(mul(x, 2), indices, matmul(mul(gather(x, indices), 3), w))
      },
      { by: ['x', 'w'], usesHost: true },
    ),
  ),
]
