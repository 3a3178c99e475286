import {
  add,
  blockShapes,
  linear,
  matmul,
  mul,
  quantizedMatmul,
  relu,
} from '../../../src/graph/index.ts'
import { sizeOf } from '../../interpreter/array.ts'
import { exactly, floats } from '../../interpreter/values.ts'
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

/** A quantized matrix of 5 rows; the last block of a row may be in part beyond its end. */
function quantizedCase(bits: 4 | 8, columns: number): Case {
  const format = { bits, blockSize: 32, rows: 5, columns }
  const { blocks, scales } = blockShapes(format)
  const bytes = Array.from({ length: sizeOf(blocks) }, (_, i) => (i * 37 + 11) % 256)
  return op(
    `quantizedMatmul, ${bits} bits, ${columns} columns`,
    {
      x: floats([2, 3, columns]),
      blocks: exactly('uint8', blocks, bytes),
      scales: floats(scales, 0.01, 0.02),
    },
    ({ x, blocks, scales }) => quantizedMatmul(x, blocks, scales, format),
    // Engines may round x to 8 bits.
    { order: 1, by: ['x'], tolerance: 0.01, webgpuTolerance: 0.01 },
  )
}

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
  ...([4, 8] as const).flatMap((bits) => [32, 40, 96].map((n) => quantizedCase(bits, n))),
]
