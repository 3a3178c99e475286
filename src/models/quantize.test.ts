import { describe, expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import { blockShapes, input, matmul, type Tensor } from '../graph/index.ts'
import { Random } from '../random.ts'
import { type Bits, quantizeBlocks, quantizeWeights } from './quantize.ts'

const random = new Random(2)
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal())

/**
 * What the stored numbers stand for, by the interpreter's own reading: products with unit vectors.
 */
function dequantized(matrix: Float32Array, rows: number, columns: number, bits: Bits): number[] {
  const weights = { w: { dtype: 'float32', shape: [rows, columns], data: matrix } } as const
  const w = input('w', 'float32', [rows, columns])
  const y = matmul(input('x', 'float32', [columns, columns]), w, { transposeB: true })
  const graph = quantizeWeights({ y }, weights, bits)
  const identity = Array.from({ length: columns ** 2 }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0))
  const stored = Object.entries(graph.weights).map(([name, { shape, data }]) => {
    return [name, { shape, values: Array.from(data as Float32Array | Uint8Array, Number) }] as const
  })
  const feeds = {
    ...Object.fromEntries(stored),
    x: { shape: [columns, columns], values: identity },
  }
  const [found] = evaluate([graph.outputs.y as Tensor], feeds)
  return Array.from(matrix, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    return found?.data[column * rows + row] as number
  })
}

describe.each([8, 4] as const)('%s bits', (bits) => {
  test.each([32, 40, 96])('every element is within half a step: %s columns', (columns) => {
    const rows = 3
    const matrix = numbers(rows * columns)
    const found = dequantized(matrix, rows, columns, bits)
    for (let row = 0; row < rows; row++)
      for (let start = 0; start < columns; start += 32) {
        const places = Array.from(
          { length: Math.min(32, columns - start) },
          (_, i) => row * columns + start + i,
        )
        const largest = Math.max(...places.map((i) => Math.abs(matrix[i] as number)))
        const step = largest / (2 ** (bits - 1) - 1)
        for (const i of places)
          expect(Math.abs((found[i] as number) - (matrix[i] as number))).toBeLessThanOrEqual(
            step / 2 + 1e-6,
          )
      }
  })

  test('zeros stay zeros', () => {
    expect(dequantized(new Float32Array(64), 2, 32, bits).every((x) => x === 0)).toBe(true)
  })

  test('takes so many bits, and a scale for each block', () => {
    const format = { bits, blockSize: 32, rows: 5, columns: 70 }
    const { blocks, scales } = quantizeBlocks(numbers(350), format)
    expect(blocks.length).toBe(5 * 3 * 4 * bits)
    expect(scales.length).toBe(15)
    expect(blockShapes(format)).toEqual({ blocks: [5, 3, 4 * bits], scales: [15] })
  })
})

test('other uses of a matrix, and matrices that are not stored, stay as they are', () => {
  const data = numbers(64)
  const weights = { w: { dtype: 'float32', shape: [2, 32], data } } as const
  const [w, v] = [input('w', 'float32', [2, 32]), input('v', 'float32', [2, 32])]
  const x = input('x', 'float32', [4, 32])
  const y = matmul(x, w, { transposeB: true })
  const outputs = { y, z: matmul(y, w), u: matmul(x, v, { transposeB: true }) }
  const graph = quantizeWeights(outputs, weights, 8)
  const names = Object.values(graph.outputs).map((t) => t.node.op.name)
  expect(names).toEqual(['quantizedMatmul', 'matmul', 'matmul'])
  expect(Object.keys(graph.weights)).toEqual(['w', 'w.blocks', 'w.scales'])
})

test('a matrix of another size is refused', () => {
  const matrix = input('w', 'float32', [8, 32])
  const y = matmul(input('x', 'float32', [1, 32]), matrix, { transposeB: true })
  const weights = { w: { dtype: 'float32', shape: [8, 32], data: numbers(255) } } as const
  expect(() => quantizeWeights({ y }, weights, 8)).toThrow('w: 255 values are given, not 256')
})
