import { readScale, writeScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES] = [32, 34]

/** 8 bits: a scale, then 32 signed bytes, of which the largest is 127 or -127. x = scale q. */
export const Q8_0: TensorType = {
  id: 8,
  blockSize: SIZE,
  bytes: BYTES,

  dequantize(blocks, out) {
    const quants = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.length)
    for (let i = 0, at = 0; i < out.length; at += BYTES) {
      const scale = readScale(blocks, at)
      for (let j = at + 2; j < at + BYTES; j++) out[i++] = scale * (quants[j] as number)
    }
  },

  quantize(values) {
    const blocks = new Uint8Array((values.length / SIZE) * BYTES)
    const quants = new Int8Array(blocks.buffer)
    for (let i = 0, at = 0; i < values.length; i += SIZE, at += BYTES) {
      let largest = 0
      for (let j = i; j < i + SIZE; j++) largest = Math.max(largest, Math.abs(values[j] as number))
      const scale = Math.fround(largest / 127)
      writeScale(blocks, at, scale)
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
      for (let j = 0; j < SIZE; j++) {
        const x = Math.fround((values[i + j] as number) * inverse)
        // C's roundf: halves away from zero.
        quants[at + 2 + j] = Math.sign(x) * Math.floor(Math.abs(x) + 0.5)
      }
    }
    return blocks
  },
}
