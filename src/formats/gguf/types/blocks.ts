import { readScale, type TensorType, writeScale } from './tensor-type.ts'

// Types whose blocks are 32 elements. Their loops are alike, but apart: one with choices in it is
// two to three times slower.
const SIZE = 32
const HALF = SIZE / 2
/** Bytes of a block of Q8_0, and of Q4_0. */
const [BYTES8, BYTES4] = [34, 18]

/** 8 bits: a scale, then 32 signed bytes, of which the largest is 127 or -127. x = scale q. */
export const Q8_0: TensorType = {
  id: 8,
  blockSize: SIZE,
  bytes: BYTES8,

  dequantize(blocks, out) {
    const quants = new Int8Array(blocks.buffer, blocks.byteOffset, blocks.length)
    for (let i = 0, at = 0; i < out.length; at += BYTES8) {
      const scale = readScale(blocks, at)
      for (let j = at + 2; j < at + BYTES8; j++) out[i++] = scale * (quants[j] as number)
    }
  },

  quantize(values) {
    const blocks = new Uint8Array((values.length / SIZE) * BYTES8)
    const quants = new Int8Array(blocks.buffer)
    for (let i = 0, at = 0; i < values.length; i += SIZE, at += BYTES8) {
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

/**
 * 4 bits: a scale, then 16 bytes; byte j holds element j in its lower half and j + 16 in its upper.
 * x = scale (q - 8), where the element of largest magnitude has q = 0, so the scale has its sign
 * turned.
 */
export const Q4_0: TensorType = {
  id: 2,
  blockSize: SIZE,
  bytes: BYTES4,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += BYTES4) {
      const scale = readScale(blocks, at)
      for (let j = 0; j < HALF; j++) {
        const pair = blocks[at + 2 + j] as number
        out[i + j] = scale * ((pair & 15) - 8)
        out[i + j + HALF] = scale * ((pair >> 4) - 8)
      }
    }
  },

  quantize(values) {
    const blocks = new Uint8Array((values.length / SIZE) * BYTES4)
    for (let i = 0, at = 0; i < values.length; i += SIZE, at += BYTES4) {
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

/** 4 bits: a scale, a minimum, then halves of bytes as in Q4_0. x = scale q + minimum. */
export const Q4_1: TensorType = {
  id: 3,
  blockSize: SIZE,
  bytes: 20,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += 20) {
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

/**
 * 5 bits: a scale, the fifth bits (32 of them, element 0 lowest), then the lower four as in Q4_0.
 * x = scale (q - 16).
 */
export const Q5_0: TensorType = {
  id: 6,
  blockSize: SIZE,
  bytes: 22,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += 22) {
      const scale = readScale(blocks, at)
      for (let j = 0; j < HALF; j++) {
        const pair = blocks[at + 6 + j] as number
        out[i + j] = scale * (((pair & 15) | fifthBit(blocks, at + 2, j)) - 16)
        out[i + j + HALF] = scale * (((pair >> 4) | fifthBit(blocks, at + 2, j + HALF)) - 16)
      }
    }
  },
}

/** 5 bits: a scale, a minimum, then bits as in Q5_0. x = scale q + minimum. */
export const Q5_1: TensorType = {
  id: 7,
  blockSize: SIZE,
  bytes: 24,

  dequantize(blocks, out) {
    for (let i = 0, at = 0; i < out.length; i += SIZE, at += 24) {
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

/** 16 if bit `j` of the bytes from `at` is set, else 0. */
const fifthBit = (blocks: Uint8Array, at: number, j: number): number =>
  (((blocks[at + (j >> 3)] as number) >> (j & 7)) & 1) << 4
