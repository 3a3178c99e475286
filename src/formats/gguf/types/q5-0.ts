import { readScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES] = [32, 22]
const HALF = SIZE / 2

/**
 * 5 bits: a scale, the fifth bits (32 of them, element 0 lowest), then the lower four as in Q4_0.
 * x = scale (q - 16).
 */
export const Q5_0: TensorType = {
  id: 6,
  blockSize: SIZE,
  bytes: BYTES,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += BYTES) {
      const scale = readScale(blocks, at)
      for (let j = 0; j < HALF; j++) {
        const pair = blocks[at + 6 + j] as number
        out[i + j] = scale * (((pair & 15) | fifthBit(blocks, at + 2, j)) - 16)
        out[i + j + HALF] = scale * (((pair >> 4) | fifthBit(blocks, at + 2, j + HALF)) - 16)
      }
    }
  },
}

/** 16 if bit `j` of the bytes from `at` is set, else 0. */
export const fifthBit = (blocks: Uint8Array, at: number, j: number): number =>
  (((blocks[at + (j >> 3)] as number) >> (j & 7)) & 1) << 4
