import { readScale, type TensorType } from './tensor-type.ts'

// Types whose blocks are 256 elements, in groups with scales of their own.
const SIZE = 256

/** Elements that share a scale and a minimum in Q4_K and Q5_K. */
const GROUP = 32
/** Bytes of their blocks. */
const [BYTES4, BYTES5] = [144, 176]

/**
 * 4 bits in eight groups of 32, x = d scale q - dmin minimum: two factors d and dmin, the groups'
 * scales and minimums, then 32 bytes for each two groups, the first in the lower halves.
 */
export const Q4_K: TensorType = {
  id: 12,
  blockSize: SIZE,
  bytes: BYTES4,

  dequantize(blocks, out) {
    const [scales, minimums] = [new Uint8Array(8), new Uint8Array(8)]
    for (let i = 0, at = 0; i < out.length; at += BYTES4) {
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

/** 5 bits: as Q4_K, with 32 bytes of fifth bits before the others; bit g of byte j is group g's. */
export const Q5_K: TensorType = {
  id: 13,
  blockSize: SIZE,
  bytes: BYTES5,

  dequantize(blocks, out) {
    const [scales, minimums] = [new Uint8Array(8), new Uint8Array(8)]
    for (let i = 0, at = 0; i < out.length; at += BYTES5) {
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

/**
 * Scales and minimums of the eight groups of a Q4_K or Q5_K block, 6 bits each, from 12 bytes at
 * `at`. Scales of groups 0-3 and then their minimums fill the lower 6 bits of bytes 0-7. For groups
 * 4-7, the lower 4 bits are in the halves of bytes 8-11 (scale, then minimum), and the other two on
 * top of the byte that belongs to the group four before.
 */
function readGroupScales(
  blocks: Uint8Array,
  at: number,
  scales: Uint8Array,
  minimums: Uint8Array,
): void {
  for (let group = 0; group < 4; group++) {
    const scale = blocks[at + group] as number
    const minimum = blocks[at + 4 + group] as number
    const later = blocks[at + 8 + group] as number
    scales[group] = scale & 63
    minimums[group] = minimum & 63
    scales[group + 4] = (later & 15) | ((scale >> 6) << 4)
    minimums[group + 4] = (later >> 4) | ((minimum >> 6) << 4)
  }
}

/** Where the parts of Q6_K begin: the lower 4 bits, the upper 2, sixteen signed scales, d. */
const [LOW, HIGH, SCALES, FACTOR] = [0, 128, 192, 208]
const BYTES6 = 210

/**
 * 6 bits in sixteen groups of 16, x = d scale (q - 32). Each half of the block is four runs of 32
 * elements: runs 0 and 1 are in the lower halves of 64 bytes, runs 2 and 3 in the upper, and the
 * upper two bits of all four runs share 32 bytes, run 0 lowest.
 */
export const Q6_K: TensorType = {
  id: 14,
  blockSize: SIZE,
  bytes: BYTES6,

  dequantize(blocks, out) {
    const signed = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.length)
    for (let i = 0, at = 0; i < out.length; at += BYTES6) {
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
