import { readGroupScales } from './group-scales.ts'
import { readScale } from './scale.ts'
import type { TensorType } from './tensor-type.ts'

const [SIZE, BYTES, GROUP] = [256, 176, 32]

/** 5 bits: as Q4_K, with 32 bytes of fifth bits before the others; bit g of byte j is group g's. */
export const Q5_K: TensorType = {
  id: 13,
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
        const fifth = at + 16
        const quants = at + 48 + (group >> 1) * GROUP
        const shift = 4 * (group & 1)
        for (let j = 0; j < GROUP; j++) {
          const low = ((blocks[quants + j] as number) >> shift) & 15
          const high = ((blocks[fifth + j] as number) >> group) & 1
          out[i++] = scale * (low | (high << 4)) - minimum
        }
      }
    }
  },
}
