import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { float16Value } from '../../half.ts'
import { TENSOR_TYPES, type TensorTypeName } from './index.ts'
import type { TensorType } from './tensor-type.ts'

/** A row that every type was made from: groups of 32 whose sizes grow. */
const row = Float32Array.from(
  { length: 256 },
  (_, i) => ((((37 * i) % 101) - 50) / 16) * (1 + (i >> 5)),
)

/** The start of that row, written by ggml (`ggml_quantize_chunk` of llama.cpp v0.5.0). */
const WRITTEN: Partial<Record<TensorTypeName, string>> = {
  Q8_0: `
TSaB3z2a+Fa0EnDNK4nnRaIAXrsZd9UzkO5MqghmwyF/3CwqPJb2VrAQb8ophONDnv1dtxd30TGL60ulBWW/H3/ZOZM=`,
  Q4_0: 'QDbgRqzyWL0Ted81i+BGrPJoILp0D7lT/Zcx64UvymQOqEL9',
  Q4_1: 'qzZAwtA2m/JXvRNpziWK4Eac8lh3OgDGm/FXrQNoziSK0Eab8le9Ew==',
  Q5_0: 'QDKkpS1twHw4879rJuKuWhXRjUn0wCC2lra0pNgdYaX6PnK3+z+EyAxQlOk=',
  Q5_1: 'dDJAwqSlLW2wezfjr2om0p1ZBcGMSPSwQjYAxmlJS1sn4q5aFdGdSQTAfDjzv2sm',
  Q4_K: `
vCorNoiQ2N6Ij9ffaO54/6AVa8EnjNNIngRasBZ7wjeN40muBWqxJnzSOJ3kWa8VJoziSK0EabAVe9E3nPNIrgRqwCaL0jed81m+
FWrBJoyd81m+FXrBJoziSK0EWbAVe9E3nONIrgRqwCZ70jed8xVqwSaM0kid9FmwFXvBN4zjSK4EarAme9I3neNZrhVq`,
  Q5_K: `
jSYQNoiP196I0Njhdw+V/zJsmTbMk2bJs2SZMkyZJsyTZskzbJk2TJtmzZNmyTNscCvms24p5pFcCcSAPPfEfzr3om0a1ZFNCMSA
S/ezfituKuWRXQjEgDz3s3879qJuGdWRTQjEcEz3s38q5qJeGTvno24q5pJeGcWBTAi0cDvno24q1pJdGcWBTPi0fzvnG9eCTgq1
cT3ppGAs6JNfG8aCTgm1cT3ppGAs15NfGsY=`,
  Q6_K: `
0li+OL4krgSLBHr0etBa0MpA6mTqhPt0HpQeqC7IQsi/Na0WnASM8mvgadFHzzi+GpMshA2F7Xb/V9A4sUqiK2ffWME5siqiK5Mc
hf127lfOWtE3sxqQLIMPhux4/1XRyEHaYutj/IQNlR6mP7hAydEpswuTHGT+ht5n/0fRKbEYscZssRtshhtxxhyxx2yyJFP5JI75
E470U40kUvkkjtSiCdR+CaN+FKNJ1K4J137IY74UY8kUfskjvsRjvRRjEe8f4C/RQD6utp+hc22AekAe`,
}

/** Element `i` of one block, given its bytes: the layout, a bit at a time. */
type Element = (bytes: Bytes, i: number) => number

class Bytes {
  readonly view: DataView
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset)
  }
  half = (at: number) => float16Value(this.view.getUint16(at, true))
  signed = (at: number) => this.view.getInt8(at)
  /** `count` bits from bit `from` of byte `at`, as a whole number. */
  bits = (at: number, from: number, count: number) =>
    Math.floor(this.view.getUint8(at + Math.floor(from / 8)) / 2 ** (from % 8)) % 2 ** count
}

const nibble = (b: Bytes, at: number, i: number) => b.bits(at + (i % 16), 4 * Math.floor(i / 16), 4)

/** The scale (0) or minimum (4) of a group of Q4_K and Q5_K. */
const group = (b: Bytes, g: number, kind: 0 | 4) =>
  g < 4 ? b.bits(4 + kind + g, 0, 6) : b.bits(8 + g, kind, 4) + 16 * b.bits(4 + kind + g - 4, 6, 2)

const grouped = (b: Bytes, i: number, quant: number) => {
  const g = Math.floor(i / 32)
  return b.half(0) * group(b, g, 0) * quant - b.half(2) * group(b, g, 4)
}
/** Of 64 elements in 32 bytes, the first 32 are in the lower halves. */
const paired = (b: Bytes, at: number, i: number) =>
  b.bits(at + 32 * Math.floor(i / 64) + (i % 32), 4 * (Math.floor(i / 32) % 2), 4)

const ELEMENTS: Partial<Record<TensorTypeName, Element>> = {
  Q8_0: (b, i) => b.half(0) * b.signed(2 + i),
  Q4_0: (b, i) => b.half(0) * (nibble(b, 2, i) - 8),
  Q4_1: (b, i) => b.half(0) * nibble(b, 4, i) + b.half(2),
  Q5_0: (b, i) => b.half(0) * (nibble(b, 6, i) + 16 * b.bits(2, i, 1) - 16),
  Q5_1: (b, i) => b.half(0) * (nibble(b, 8, i) + 16 * b.bits(4, i, 1)) + b.half(2),
  Q4_K: (b, i) => grouped(b, i, paired(b, 16, i)),
  Q5_K: (b, i) =>
    grouped(b, i, paired(b, 48, i) + 16 * b.bits(16 + (i % 32), Math.floor(i / 32), 1)),
  Q6_K: (b, i) => {
    const [half, rest] = [Math.floor(i / 128), i % 128]
    const low = b.bits(64 * half + (rest % 64), rest < 64 ? 0 : 4, 4)
    const high = b.bits(128 + 32 * half + (rest % 32), 2 * Math.floor(rest / 32), 2)
    return b.half(208) * b.signed(192 + Math.floor(i / 16)) * (low + 16 * high - 32)
  },
}

const quantized = Object.keys(WRITTEN) as TensorTypeName[]
const typeOf = (name: TensorTypeName): TensorType => TENSOR_TYPES[name]
const decoded = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

describe.each(quantized)('%s', (name) => {
  const type = typeOf(name)
  const written = decoded(WRITTEN[name] as string)
  const values = row.subarray(0, (written.length / type.bytes) * type.blockSize)

  it('reads what ggml wrote, to within a step of its scales', () => {
    const out = new Float32Array(values.length)
    type.dequantize(written, out)
    const bits = Number(name[1])
    for (let g = 0; g < values.length; g += 32) {
      const largest = Math.max(...values.subarray(g, g + 32).map(Math.abs))
      const errors = values.subarray(g, g + 32).map((x, i) => Math.abs(x - (out[g + i] as number)))
      expect(Math.max(...errors) / largest).toBeLessThan(1.3 / 2 ** (bits - 1))
      expect(Math.max(...errors)).toBeGreaterThan(0)
    }
  })

  it('reads any bytes as its layout defines them', () => {
    const element = ELEMENTS[name] as Element
    const someBlocks = fc.uint8Array({ minLength: 2 * type.bytes, maxLength: 2 * type.bytes })
    fc.assert(
      fc.property(someBlocks, (blocks) => {
        const out = new Float32Array(2 * type.blockSize)
        type.dequantize(blocks, out)
        const parts = [blocks.subarray(0, type.bytes), blocks.subarray(type.bytes)]
        const expected = parts.flatMap((part) =>
          Array.from({ length: type.blockSize }, (_, i) => element(new Bytes(part), i)),
        )
        expect(out).toEqual(Float32Array.from(expected))
      }),
    )
  })
})

describe.each(['Q8_0', 'Q4_0'] as const)('%s', (name) => {
  const { blockSize, quantize, dequantize } = typeOf(name) as Required<TensorType>
  const written = decoded(WRITTEN[name] as string)
  const [steps, half] = name === 'Q8_0' ? [127, 0.5] : [8, 1]

  it('writes what ggml wrote', () => {
    expect(quantize(row.subarray(0, 64))).toEqual(written)
  })

  it('is off by half a step of the largest value, and the half that has no code', () => {
    const someBlock = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), {
      minLength: blockSize,
      maxLength: blockSize,
    })
    fc.assert(
      fc.property(someBlock, (list) => {
        const values = Float32Array.from(list)
        const out = new Float32Array(blockSize)
        dequantize(quantize(values), out)
        const step = Math.max(...values.map(Math.abs)) / steps
        // The scale itself is rounded: to 11 bits, or by 2^-25 where it is tiny.
        const slack = step * steps * 2 ** -11 + steps * 2 ** -24
        for (const [i, value] of values.entries()) {
          expect(Math.abs(value - (out[i] as number))).toBeLessThanOrEqual(half * step + slack)
        }
      }),
    )
  })

  it('keeps zeros, and rounds halves away from zero', () => {
    const values = new Float32Array(blockSize)
    const out = new Float32Array(blockSize).fill(1)
    dequantize(quantize(values), out)
    expect(out.every((value) => value === 0)).toBe(true)
    values.set([-steps, 0.5, -0.5, 1.5, -1.5])
    dequantize(quantize(values), out)
    const rounded = name === 'Q8_0' ? [-127, 1, -1, 2, -2] : [-8, 1, 0, 2, -1]
    expect([...out.subarray(0, 5)]).toEqual(rounded)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 3e38])('refuses %s', (value) => {
    const values = new Float32Array(blockSize)
    values.set([value, 1])
    expect(() => quantize(values)).toThrow('half precision cannot hold')
  })
})

it('reads halves at any address', () => {
  const bytes = Uint8Array.of(0, 0x00, 0x3c, 0x80, 0xbf).subarray(1)
  const out = new Float32Array(2)
  TENSOR_TYPES.F16.dequantize(bytes, out)
  expect(out[0]).toBe(1)
  TENSOR_TYPES.BF16.dequantize(bytes, out)
  expect(out[1]).toBe(-1)
})

it('has the numbers and sizes of ggml', () => {
  const table = Object.entries(TENSOR_TYPES).map(([name, { id, blockSize, bytes }]) => [
    name,
    id,
    blockSize,
    bytes,
  ])
  expect(table).toEqual([
    ['F32', 0, 1, 4],
    ['F16', 1, 1, 2],
    ['BF16', 30, 1, 2],
    ['Q8_0', 8, 32, 34],
    ['Q4_0', 2, 32, 18],
    ['Q4_1', 3, 32, 20],
    ['Q5_0', 6, 32, 22],
    ['Q5_1', 7, 32, 24],
    ['Q4_K', 12, 256, 144],
    ['Q5_K', 13, 256, 176],
    ['Q6_K', 14, 256, 210],
  ])
})
