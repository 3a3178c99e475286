import {
  type BlockFormat,
  blockShapes,
  input,
  mapGraph,
  quantizedMatmul,
  sizeOf,
  type Tensor,
} from '../graph/index.ts'
import { isStored, type OnnxModel } from '../graph/onnx/model.ts'

export type Bits = BlockFormat['bits']

/** Elements with a scale of their own. */
export const BLOCK = 32

type Weights = OnnxModel['weights']

/**
 * A graph whose products with stored matrices, x Wᵀ, compute in whole numbers of `bits`, and its
 * weights, where those matrices are quantized block by block; all others stay as they were.
 */
export function quantizeWeights(
  outputs: Readonly<Record<string, Tensor>>,
  weights: Weights,
  bits: Bits,
): { outputs: Record<string, Tensor>; weights: Weights } {
  const quantized: Weights = {}
  const inputs = new Map<Tensor, { blocks: Tensor; scales: Tensor }>()
  const quantize = (name: string, values: Float32Array, format: BlockFormat) => {
    const shapes = blockShapes(format)
    const [size, given] = [format.rows * format.columns, values.length]
    if (given !== size) throw new TypeError(`${name}: ${given} values are given, not ${size}`)
    const { blocks, scales } = quantizeBlocks(values, format)
    quantized[`${name}.blocks`] = { dtype: 'uint8', shape: shapes.blocks, data: blocks }
    quantized[`${name}.scales`] = { dtype: 'float32', shape: shapes.scales, data: scales }
    return {
      blocks: input(`${name}.blocks`, 'uint8', shapes.blocks),
      scales: input(`${name}.scales`, 'float32', shapes.scales),
    }
  }
  const mapped = mapGraph(Object.values(outputs), ({ op, attrs }, [x, matrix]) => {
    const name = matrix && op.name === 'matmul' ? inputName(matrix) : undefined
    const weight = name === undefined ? undefined : weights[name]
    const { transposeA, transposeB, scale } = attrs as Record<string, unknown>
    if (!x || !weight || transposeA || !transposeB || scale !== 1) return undefined
    if (isStored(weight.data)) throw new TypeError(`${name}: what is in a file is not quantized`)
    const [rows, columns] = weight.shape as [number, number]
    const format = { bits, blockSize: BLOCK, rows, columns }
    const known =
      inputs.get(matrix as Tensor) ?? quantize(name as string, weight.data as Float32Array, format)
    inputs.set(matrix as Tensor, known)
    return [quantizedMatmul(x, known.blocks, known.scales, format)]
  })
  const names = Object.keys(outputs)
  return {
    outputs: Object.fromEntries(mapped.map((tensor, i) => [names[i], tensor])),
    weights: { ...weights, ...quantized },
  }
}

const inputName = ({ node }: Tensor): string | undefined =>
  node.op.name === 'input' ? (node.attrs as { name: string }).name : undefined

/**
 * A matrix (rows, columns) in blocks, symmetrically: the largest of a block's magnitudes becomes
 * the largest whole number. The shapes are those of `blockShapes`.
 */
export function quantizeBlocks(
  values: Float32Array,
  format: BlockFormat,
): { blocks: Uint8Array; scales: Float32Array } {
  const { bits, blockSize, rows, columns } = format
  const shapes = blockShapes(format)
  const blocks = new Uint8Array(sizeOf(shapes.blocks))
  const scales = new Float32Array(sizeOf(shapes.scales))
  const zero = 2 ** (bits - 1)
  const perRow = shapes.blocks[1]
  const perByte = 8 / bits
  for (let row = 0; row < rows; row++)
    for (let block = 0; block < perRow; block++) {
      const start = row * columns + block * blockSize
      const end = Math.min(start + blockSize, (row + 1) * columns)
      let largest = 0
      for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i] as number))
      const index = row * perRow + block
      const scale = largest / (zero - 1)
      scales[index] = scale
      const offset = index * (blockSize / perByte)
      const inverse = scale > 0 ? 1 / scale : 0
      for (let i = 0; i < blockSize; i++) {
        const value = start + i < end ? (values[start + i] as number) : 0
        const q = Math.round(value * inverse) + zero
        const byte = offset + Math.floor(i / perByte)
        blocks[byte] = (blocks[byte] as number) | (q << (bits * (i % perByte)))
      }
    }
  return { blocks, scales }
}
