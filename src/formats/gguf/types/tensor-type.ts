import { UserError } from '../../../errors.ts'
import { float16Bits, float16Value } from '../../half.ts'

/**
 * How ggml stores a row of a tensor: blocks of `blockSize` elements, `bytes` each. Layouts are
 * those of `ggml-common.h`, and the arithmetic is that of the `_ref` and `dequantize_row` functions
 * of `ggml-quants.c` (https://github.com/ggml-org/ggml), to the last bit.
 */
export interface TensorType {
  /** Its number in `enum ggml_type`. */
  readonly id: number
  readonly blockSize: number
  readonly bytes: number
  /** Whole blocks to float32; fills `out`. */
  dequantize(blocks: Uint8Array, out: Float32Array): void
  /**
   * Values to whole blocks, of which there must be no rest; perhaps a view of the values. Throws
   * UserError where a value is too large for the type. A type without it is only read.
   */
  quantize?(values: Float32Array): Uint8Array
}

/** The float16 at byte `at`: a factor of the whole numbers in a block, or their minimum. */
export const readScale = (blocks: Uint8Array, at: number): number =>
  float16Value((blocks[at] as number) | ((blocks[at + 1] as number) << 8))

/** Writes a float16 at byte `at`. Throws UserError where it would be infinite, or not a number. */
export const writeScale = (blocks: Uint8Array, at: number, scale: number): void => {
  const bits = float16Bits(scale)
  if ((bits & 0x7c00) === 0x7c00) {
    throw new UserError(
      `a block has the scale ${scale}, which half precision cannot hold; its values are too ` +
        'large, or not numbers: see whether training diverged, or write F32',
    )
  }
  blocks[at] = bits
  blocks[at + 1] = bits >> 8
}
