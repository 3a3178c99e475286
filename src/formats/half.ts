/**
 * Two-byte floats, held as their 16 raw bits. float16 (IEEE 754 binary16) has 5 bits of exponent
 * and
 * 10 of fraction; bfloat16 is the upper half of a float32.
 */

const viewBits = (values: Float32Array) =>
  new Uint32Array(values.buffer, values.byteOffset, values.length)

/** bfloat16 to float32, exact. Writes `bits.length` values at the start of `out`. */
export const bfloat16ToFloat32 = (
  bits: Uint16Array,
  out: Float32Array = new Float32Array(bits.length),
) => {
  const words = viewBits(out)
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] as number) << 16
  return out
}

/** float16 to float32, exact. Writes `bits.length` values at the start of `out`. */
export const float16ToFloat32 = (
  bits: Uint16Array,
  out: Float32Array = new Float32Array(bits.length),
) => {
  const table = float16Table()
  const words = viewBits(out)
  for (let i = 0; i < bits.length; i++) words[i] = table[bits[i] as number] as number
  return out
}

/** float32 to bfloat16, to the nearest, ties to even; NaN stays NaN. */
export const float32ToBfloat16 = (values: Float32Array): Uint16Array => {
  const words = viewBits(values)
  const out = new Uint16Array(words.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    const nan = (word & 0x7fffffff) > 0x7f800000
    out[i] = nan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return out
}

/** float32 to float16, to the nearest, ties to even; beyond 65504 infinity; NaN stays NaN. */
export const float32ToFloat16 = (values: Float32Array): Uint16Array => {
  const words = viewBits(values)
  const out = new Uint16Array(words.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    out[i] = ((word >>> 16) & 0x8000) | magnitude16(word & 0x7fffffff)
  }
  return out
}

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

/** The float16 nearest to a float32, as `float32ToFloat16` rounds: its 16 bits. */
export const float16Bits = (value: number): number => {
  scratch[0] = value
  const word = scratchBits[0] as number
  return ((word >>> 16) & 0x8000) | magnitude16(word & 0x7fffffff)
}

/** The value of one float16, given by its 16 bits. */
export const float16Value = (bits: number): number => {
  if (!values16) values16 = new Float32Array(float16Table().buffer)
  return values16[bits] as number
}

/** Bits of the float16 nearest to a non-negative float32, given by its bits. */
const magnitude16 = (word: number): number => {
  if (word > 0x7f800000) return 0x7e00
  if (word >= 0x47800000) return 0x7c00 // 65536 and more
  // A normal float16: move the exponent's bias from 127 to 15, drop 13 bits, rounding.
  if (word >= 0x38800000) return (word - 0x38000000 + 0xfff + ((word >>> 13) & 1)) >>> 13
  // A subnormal one counts units of 2^-24, which is the last place of a float32 in [0.5, 1):
  // adding 0.5 makes the hardware round.
  scratchBits[0] = word
  scratch[0] = (scratch[0] as number) + 0.5
  return (scratchBits[0] as number) - 0x3f000000
}

let table16: Uint32Array | undefined
let values16: Float32Array | undefined

/** The float32 bits of every float16: 256 KiB, built at its first use. */
const float16Table = (): Uint32Array => {
  if (table16) return table16
  table16 = new Uint32Array(0x10000)
  for (let bits = 0; bits < 0x10000; bits++) {
    const sign = (bits & 0x8000) << 16
    const exponent = (bits >>> 10) & 0x1f
    const fraction = bits & 0x3ff
    if (exponent === 0) {
      scratch[0] = fraction * 2 ** -24
      table16[bits] = sign | (scratchBits[0] as number)
    } else {
      const wide = exponent === 0x1f ? 0xff : exponent + 112
      table16[bits] = sign | (wide << 23) | (fraction << 13)
    }
  }
  return table16
}
