import { readScale, writeScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES] = [32, 18]
const HALF = SIZE / 2

/**
 * 4 bits: a scale, then 16 bytes; byte j holds element j in its lower half and j + 16 in its upper.
 * x = scale (q - 8), where the element of largest magnitude has q = 0, so the scale has its sign
 * turned.
 */
export const Q4_0: TensorType = {
  id: 2,
  blockSize: SIZE,
  bytes: BYTES,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += BYTES) {
      const scale = readScale(blocks, at)
      for (let j = 0; j < HALF; j++) {
        const pair = blocks[at + 2 + j] as number
        out[i + j] = scale * ((pair & 15) - 8)
        out[i + j + HALF] = scale * ((pair >> 4) - 8)
      }
    }
  },

  quantize(values) {
    const blocks = new Uint8Array((values.length / SIZE) * BYTES)
    for (let i = 0, at = 0; i < values.length; i += SIZE, at += BYTES) {
      const scale = largest(values, i) / -8
      writeScale(blocks, at, scale)
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
      const quant = (j: number): number => {
        const x = Math.fround((values[j] as number) * inverse)
        return Math.min(15, Math.fround(x + 8.5) | 0)
      }
      for (let j = 0; j < HALF; j++) {
        blocks[at + 2 + j] = quant(i + j) | (quant(i + j + HALF) << 4)
      }
    }
    return blocks
  },
}

/** Of a block, the first element of the largest magnitude; not a number if any is none. */
const largest = (values: Float32Array, from: number): number => {
  let found = 0
  for (let i = from; i < from + SIZE; i++) {
    const value = values[i] as number
    if (Math.abs(value) > Math.abs(found) || Number.isNaN(value)) found = value
  }
  return found
}
