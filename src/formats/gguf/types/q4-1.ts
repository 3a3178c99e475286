import { readScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES] = [32, 20]
const HALF = SIZE / 2

/** 4 bits: a scale, a minimum, then halves of bytes as in Q4_0. x = scale q + minimum. */
export const Q4_1: TensorType = {
  id: 3,
  blockSize: SIZE,
  bytes: BYTES,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += BYTES) {
      const scale = readScale(blocks, at)
      const minimum = readScale(blocks, at + 2)
      for (let j = 0; j < HALF; j++) {
        const pair = blocks[at + 4 + j] as number
        out[i + j] = scale * (pair & 15) + minimum
        out[i + j + HALF] = scale * (pair >> 4) + minimum
      }
    }
  },
}
