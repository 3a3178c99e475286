import { readScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES] = [256, 210]
/** Where its parts begin: the lower 4 bits, the upper 2, sixteen signed scales, the factor d. */
const [LOW, HIGH, SCALES, FACTOR] = [0, 128, 192, 208]

/**
 * 6 bits in sixteen groups of 16, x = d scale (q - 32). Each half of the block is four runs of 32
 * elements: runs 0 and 1 are in the lower halves of 64 bytes, runs 2 and 3 in the upper, and the
 * upper two bits of all four runs share 32 bytes, run 0 lowest.
 */
export const Q6_K: TensorType = {
  id: 14,
  blockSize: SIZE,
  bytes: BYTES,

  dequantize(blocks, out) {
    const signed = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.length)
    for (let i = 0, at = 0; i < out.length; at += BYTES) {
      const d = readScale(blocks, at + FACTOR)
      for (let run = 0; run < 8; run++) {
        const [half, quarter] = [run >> 2, run & 3]
        const low = at + LOW + half * 64 + (quarter & 1) * 32
        const high = at + HIGH + half * 32
        const scales = at + SCALES + run * 2
        for (let j = 0; j < 32; j++) {
          const four = ((blocks[low + j] as number) >> (4 * (quarter >> 1))) & 15
          const two = ((blocks[high + j] as number) >> (2 * quarter)) & 3
          out[i++] = d * (signed[scales + (j >> 4)] as number) * ((four | (two << 4)) - 32)
        }
      }
    }
  },
}
