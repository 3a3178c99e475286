import { readGroupScales } from './group-scales.ts'
import { readScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES, GROUP] = [256, 144, 32]

/**
 * 4 bits in eight groups of 32, x = d scale q - dmin minimum: two factors d and dmin, the groups'
 * scales and minimums, then 32 bytes for each two groups, the first in the lower halves.
 */
export const Q4_K: TensorType = {
  id: 12,
  blockSize: SIZE,
  bytes: BYTES,

  dequantize(blocks, out) {
    const [scales, minimums] = [new Uint8Array(8), new Uint8Array(8)]
    for (let i = 0, at = 0; i < out.length; at += BYTES) {
      const d = readScale(blocks, at)
      const dmin = readScale(blocks, at + 2)
      readGroupScales(blocks, at + 4, scales, minimums)
      for (let group = 0; group < SIZE / GROUP; group++) {
        const scale = d * (scales[group] as number)
        const minimum = dmin * (minimums[group] as number)
        const quants = at + 16 + (group >> 1) * GROUP
        const shift = 4 * (group & 1)
        for (let j = quants; j < quants + GROUP; j++) {
          out[i++] = scale * (((blocks[j] as number) >> shift) & 15) - minimum
        }
      }
    }
  },
}
