import { add, linear, matmul, mul, relu } from '../../../src/graph/index.ts'
import { floats } from '../../interpreter/values.ts'
import { type Case, op } from '../case.ts'

const sides = [false, true]

/** Every pair of transposes, for operands of the given batch shapes. */
const products = (name: string, batchA: number[], batchB: number[], scale: number): Case[] =>
  sides.flatMap((transposeA) =>
    sides.map((transposeB) =>
      op(
        `matmul, ${name}, ${transposeA ? 'Aᵀ' : 'A'} ${transposeB ? 'Bᵀ' : 'B'}`,
        {
          a: floats([...batchA, ...(transposeA ? [4, 3] : [3, 4])]),
          b: floats([...batchB, ...(transposeB ? [5, 4] : [4, 5])]),
        },
        ({ a, b }) => matmul(a, b, { transposeA, transposeB, scale }),
      ),
    ),
  )

export const matrixCases: Case[] = [
  ...products('matrices', [], [], 1),
  ...products('matrices, scaled', [], [], 0.5),
  ...products('batches', [2, 2], [2, 2], 0.25),
  ...products('batch by matrix', [2, 3], [], 1),
  ...products('matrix by batch', [], [2], 1),
  ...products('batches that broadcast', [2, 1], [3], 1),
  ...products('a batch of one', [1], [], 2),
  op('matmul plus row', { a: floats([3, 4]), b: floats([5, 4]), c: floats([5]) }, ({ a, b, c }) =>
    add(matmul(a, b, { transposeB: true, scale: 0.5 }), c),
  ),
  op(
    'matmul plus matrix',
    { a: floats([4, 3]), b: floats([4, 5]), c: floats([3, 5]) },
    ({ a, b, c }) => add(c, matmul(a, b, { transposeA: true })),
  ),
  op('scaled product', { a: floats([3, 4]), b: floats([4, 5]) }, ({ a, b }) =>
    mul(matmul(a, b), 0.125),
  ),
  op('product used twice', { a: floats([3, 4]), b: floats([4, 3]) }, ({ a, b }) => {
    const product = matmul(a, b)
    return [
      add(product, a.shape[0] as number),
      add(product, matmul(b, a, { transposeA: true, transposeB: true })),
    ]
  }),
  op(
    'linear',
    { x: floats([2, 3, 4]), weight: floats([5, 4]), bias: floats([5]) },
    ({ x, weight, bias }) => linear(x, weight, bias),
  ),
  op(
    'two layers',
    { x: floats([3, 4]), first: floats([6, 4]), bias: floats([6]), second: floats([2, 6]) },
    ({ x, first, bias, second }) => linear(relu(linear(x, first, bias)), second),
  ),
]
