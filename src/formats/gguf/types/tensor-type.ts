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
