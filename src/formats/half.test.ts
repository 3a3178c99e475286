import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bfloat16ToFloat32,
  float16Bits,
  float16ToFloat32,
  float16Value,
  float32ToBfloat16,
  float32ToFloat16,
} from './half.ts'

/** The value of a float with `exponentBits` and `fractionBits`, by the definition of IEEE 754. */
const floatValue = (bits: number, exponentBits: number, fractionBits: number): number => {
  const sign = bits >> (exponentBits + fractionBits) ? -1 : 1
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1)
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits
  const bias = 2 ** (exponentBits - 1) - 1
  if (exponent === 2 ** exponentBits - 1) return fraction ? NaN : sign * Infinity
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias)
  return sign * (1 + fraction) * 2 ** (exponent - bias)
}

const every16 = Uint16Array.from({ length: 0x10000 }, (_, i) => i)
const formats = [
  { name: 'float16', exponent: 5, fraction: 10, widen: float16ToFloat32, narrow: float32ToFloat16 },
  {
    name: 'bfloat16',
    exponent: 8,
    fraction: 7,
    widen: bfloat16ToFloat32,
    narrow: float32ToBfloat16,
  },
]

describe.each(formats)('$name', ({ exponent, fraction, widen, narrow }) => {
  const values = Float64Array.from(every16, (bits) => floatValue(bits, exponent, fraction))

  it('widens all 65,536 values as IEEE 754 defines them', () => {
    const wide = widen(every16)
    for (let i = 0; i < wide.length; i++) {
      if (!Object.is(wide[i], values[i])) expect([i, wide[i]]).toEqual([i, values[i]])
    }
  })

  it('narrows every value it can hold to itself', () => {
    const back = narrow(widen(every16))
    for (let i = 0; i < back.length; i++) {
      if (Number.isNaN(values[i]))
        expect(floatValue(back[i] as number, exponent, fraction)).toBeNaN()
      else if (back[i] !== i) expect(back[i]).toBe(i)
    }
  })

  it('rounds to the nearest, ties to even', () => {
    const infinity = values.indexOf(Infinity)
    /** Non-negative values only; above the largest finite one comes what the next step would be. */
    const ladder = Array.from(values.subarray(0, infinity))
    ladder.push(2 * (ladder.at(-1) as number) - (ladder.at(-2) as number))
    const nearest = (x: number): number => {
      let low = 0
      let high = ladder.length - 1
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if ((ladder[middle] as number) <= x) low = middle
        else high = middle
      }
      const below = x - (ladder[low] as number)
      const above = (ladder[high] as number) - x
      return below < above || (below === above && low % 2 === 0) ? low : high
    }
    const top = ladder.at(-1) as number
    const someFloat = fc.float({ min: 0, max: Math.fround(Math.min(top, 3.4e38)), noNaN: true })
    const step = fc.nat(ladder.length - 2)
    const midpoint = step.map((i) =>
      Math.fround(((ladder[i] as number) + (ladder[i + 1] as number)) / 2),
    )
    fc.assert(
      fc.property(fc.oneof(someFloat, midpoint.filter(Number.isFinite)), (x) => {
        expect(narrow(Float32Array.of(x, -x))).toEqual(
          Uint16Array.of(nearest(x), nearest(x) | 0x8000),
        )
      }),
      { numRuns: 2000 },
    )
  })
})

it('converts into the start of a given buffer', () => {
  const out = new Float32Array(3)
  expect(bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc040), out)).toEqual(Float32Array.of(1, -3, 0))
  expect(float16ToFloat32(Uint16Array.of(0x3c00), out)).toEqual(Float32Array.of(1, -3, 0))
})

it('converts one float16 as it converts many', () => {
  const wide = float16ToFloat32(every16)
  expect(Float32Array.from(every16, float16Value)).toEqual(wide)
  expect(Uint16Array.from(wide, float16Bits)).toEqual(float32ToFloat16(wide))
  expect([1.0004, 65520, -1e-8, Number.NaN].map(float16Bits)).toEqual([
    0x3c00, 0x7c00, 0x8000, 0x7e00,
  ])
})
