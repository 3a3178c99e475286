import type { Shape } from '../dim.ts'
import { MICROSOFT } from '../onnx/emitter.ts'
import { apply, at, checkDTypes, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { reshape } from './broadcast.ts'
import { cast, floor, mul, sub } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { concat, slice } from './shape.ts'

/**
 * How a matrix (rows, columns) is stored in whole numbers: each row in blocks with a scale each.
 */
export interface BlockFormat {
  bits: 4 | 8
  /** Elements of a block: a power of two from 16 on. */
  blockSize: number
  rows: number
  columns: number
}

/**
 * Shapes of the stored numbers, uint8, two of 4 bits to a byte, the first lower; and of the scales.
 */
export function blockShapes({ bits, blockSize, rows, columns }: BlockFormat): {
  blocks: [rows: number, blocks: number, bytes: number]
  scales: [size: number]
} {
  const count = Math.ceil(columns / blockSize)
  return { blocks: [rows, count, (blockSize * bits) / 8], scales: [rows * count] }
}

const quantizedMatmulOp: Op<BlockFormat> = {
  name: 'quantizedMatmul',
  infer: (inputs, attrs) => {
    const [x, blocks, scales] = inputs as [Tensor, Tensor, Tensor]
    checkDTypes('quantizedMatmul', [x, scales], ['float32'])
    checkDTypes('quantizedMatmul', [blocks], ['uint8'])
    const shapes = blockShapes(attrs)
    const fits = (t: Tensor, shape: Shape) => String(t.shape) === String(shape)
    if (at(x.shape, x.rank - 1) !== attrs.columns)
      throw new ShapeError('quantizedMatmul', inputs, `the last axis must be ${attrs.columns}`)
    if (!fits(blocks, shapes.blocks) || !fits(scales, shapes.scales))
      throw new ShapeError(
        'quantizedMatmul',
        inputs,
        `needs blocks (${shapes.blocks}) and scales (${shapes.scales})`,
      )
    return { dtype: 'float32', shape: [...x.shape.slice(0, -1), attrs.rows] }
  },
  vjp: ({ inputs: [, blocks, scales], attrs }, [g]) => [
    g && matmul(g, dequantize(blocks as Tensor, scales as Tensor, attrs)),
  ],
  onnx: ({ inputs, outputs, attrs: { bits, blockSize, rows, columns } }, emit) => {
    const sizes = { bits, block_size: blockSize, N: rows, K: columns }
    emit.node('MatMulNBits', inputs, outputs, { ...sizes, accuracy_level: INT8 }, MICROSOFT)
  },
}

/** The engine may round each block of x to 8 bits, which is what makes it fast. */
const INT8 = 4

/**
 * x Wᵀ, where W (rows, columns) is stored in blocks: an element is its scale times (q - 2^(bits -
 * 1)).
 * x: (..., columns) -> (..., rows). The matrix itself has no derivative.
 */
export const quantizedMatmul = (
  x: Tensor,
  blocks: Tensor,
  scales: Tensor,
  format: BlockFormat,
): Tensor => apply(quantizedMatmulOp, [x, blocks, scales], format)

/** The matrix (rows, columns) that blocks and scales stand for. */
export function dequantize(blocks: Tensor, scales: Tensor, format: BlockFormat): Tensor {
  const { bits, blockSize, rows, columns } = format
  const [, count, bytes] = blockShapes(format).blocks
  const numbers = cast(blocks, 'float32')
  const whole = bits === 8 ? numbers : halves(numbers, [rows, count, bytes])
  const scaled = mul(sub(whole, 2 ** (bits - 1)), reshape(scales, [rows, count, 1]))
  return slice(reshape(scaled, [rows, count * blockSize]), 1, 0, columns)
}

/** The two numbers of 4 bits in each byte, the lower first. (..., n) -> (..., 2 n). */
function halves(bytes: Tensor, shape: readonly [number, number, number]): Tensor {
  const [rows, count, size] = shape
  const high = floor(mul(bytes, 1 / 16))
  const low = sub(bytes, mul(high, 16))
  const pair = [low, high].map((x) => reshape(x, [rows, count, size, 1]))
  return reshape(concat(pair, 3), [rows, count, 2 * size])
}
