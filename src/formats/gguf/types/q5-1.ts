import { fifthBit } from './q5-0.ts'
import { readScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES] = [32, 24]
const HALF = SIZE / 2

/** 5 bits: a scale, a minimum, then bits as in Q5_0. x = scale q + minimum. */
export const Q5_1: TensorType = {
  id: 7,
  blockSize: SIZE,
  bytes: BYTES,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += BYTES) {
      const scale = readScale(blocks, at)
      const minimum = readScale(blocks, at + 2)
      for (let j = 0; j < HALF; j++) {
        const pair = blocks[at + 8 + j] as number
        out[i + j] = scale * ((pair & 15) | fifthBit(blocks, at + 4, j)) + minimum
        out[i + j + HALF] = scale * ((pair >> 4) | fifthBit(blocks, at + 4, j + HALF)) + minimum
      }
    }
  },
}
