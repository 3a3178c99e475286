import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect, ggufFile, MAGIC } from '../../../test/gguf.ts'
import { bytesSource } from '../../files/byte-source.ts'
import { encodeGguf, type GgufTensorToWrite } from './encode.ts'
import { openGguf } from './gguf.ts'
import { TENSOR_TYPES, type TensorTypeName } from './types/index.ts'
import type { GgufArray, GgufValue } from './values.ts'

const bytesOf = (values: Float32Array | Float64Array | BigInt64Array) =>
  new Uint8Array(values.buffer)

/** Every type of value, with its bytes as the specification has them. */
const VALUES: [string, GgufValue, (number | bigint | string | Uint8Array)[]][] = [
  ['a.u8', { type: 'uint8', value: 255 }, [0, Uint8Array.of(255)]],
  ['a.i8', { type: 'int8', value: -2 }, [1, Uint8Array.of(254)]],
  ['a.u16', { type: 'uint16', value: 258 }, [2, Uint8Array.of(2, 1)]],
  ['a.i16', { type: 'int16', value: -2 }, [3, Uint8Array.of(254, 255)]],
  ['a.u32', { type: 'uint32', value: 2 ** 32 - 1 }, [4, 2 ** 32 - 1]],
  ['a.i32', { type: 'int32', value: -(2 ** 31) }, [5, 2 ** 31]],
  ['a.f32', { type: 'float32', value: 0.5 }, [6, 0x3f000000]],
  ['a.true', { type: 'bool', value: true }, [7, Uint8Array.of(1)]],
  ['a.false', { type: 'bool', value: false }, [7, Uint8Array.of(0)]],
  ['a.text', { type: 'string', value: '\ufeffGrüße\0' }, [8, '\ufeffGrüße\0']],
  ['a.u64', { type: 'uint64', value: 2 ** 53 - 1 }, [10, 2n ** 53n - 1n]],
  ['a.wide', { type: 'uint64', value: 2n ** 64n - 1n }, [10, 2n ** 64n - 1n]],
  ['a.i64', { type: 'int64', value: -3 }, [11, 2n ** 64n - 3n]],
  ['a.deep', { type: 'int64', value: -(2n ** 63n) }, [11, 2n ** 63n]],
  ['a.f64', { type: 'float64', value: 0.1 }, [12, bytesOf(Float64Array.of(0.1))]],
  [
    'a.scores',
    { type: 'array', items: 'float32', value: Float32Array.of(1, -2) },
    [9, 6, 2n, bytesOf(Float32Array.of(1, -2))],
  ],
  [
    'a.counts',
    { type: 'array', items: 'int64', value: [5, -(2n ** 62n)] },
    [9, 11, 2n, 5n, 2n ** 64n - 2n ** 62n],
  ],
  [
    'a.tokens',
    { type: 'array', items: 'string', value: ['', 'é', '</s>'] },
    [9, 8, 3n, '', 'é', '</s>'],
  ],
  [
    'a.flags',
    { type: 'array', items: 'bool', value: [true, false] },
    [9, 7, 2n, Uint8Array.of(1, 0)],
  ],
  [
    'a.nested',
    {
      type: 'array',
      items: 'array',
      value: [
        { type: 'array', items: 'uint8', value: Uint8Array.of(7) },
        { type: 'array', items: 'string', value: [] },
      ],
    },
    [9, 9, 2n, 0, 1n, Uint8Array.of(7), 8, 0n],
  ],
]

/** (2, 3) floats, three halves, and a row of 32 in Q8_0 that is 127 times 1/4 at most. */
const TENSORS: GgufTensorToWrite[] = [
  {
    name: 'matrix',
    type: 'F32',
    shape: [2, 3],
    data: Float32Array.of(1.5, -2, 3.25, 0, -0, 1e-3),
  },
  { name: 'half', type: 'F16', shape: [3], data: Float32Array.of(1, -2, 65504) },
  {
    name: 'blocks',
    type: 'Q8_0',
    shape: [1, 32],
    data: Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? -31.75 : i / 4)),
  },
]

const DATA = [
  bytesOf(TENSORS[0]?.data as Float32Array),
  { align: 32 },
  Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b),
  { align: 32 },
  Uint8Array.of(0x00, 0x34, 0x81, ...Array.from({ length: 31 }, (_, i) => i + 1)),
  { align: 32 },
]

const REFERENCE = ggufFile(
  ...[MAGIC, 3, 3n, BigInt(VALUES.length)],
  ...VALUES.flatMap(([key, , fields]) => [key, ...fields]),
  ...['matrix', 2, 3n, 2n, 0, 0n],
  ...['half', 1, 3n, 1, 32n],
  ...['blocks', 2, 32n, 1n, 8, 64n],
  { align: 32 },
  ...DATA,
)

const metadata = new Map(VALUES.map(([key, value]) => [key, value]))

describe('a file by the specification', () => {
  it('is written byte for byte', async () => {
    expect(await collect(encodeGguf({ metadata, tensors: TENSORS }))).toEqual(REFERENCE)
  })

  it('is read: every value with its type, every tensor', async () => {
    const file = await openGguf(bytesSource(REFERENCE))
    expect([...file.metadata]).toEqual([...metadata])
    const start = REFERENCE.length - 128
    expect([...file.tensors]).toEqual([
      ['matrix', { type: 'F32', shape: [2, 3], offset: start, length: 24 }],
      ['half', { type: 'F16', shape: [3], offset: start + 32, length: 6 }],
      ['blocks', { type: 'Q8_0', shape: [1, 32], offset: start + 64, length: 34 }],
    ])
    for (const { name, data } of TENSORS) expect(await file.readFloat32(name)).toEqual(data)
    expect(await file.read('half')).toEqual(Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b))
  })

  it('is read from a part of a larger memory', async () => {
    const bytes = Buffer.concat([Buffer.from('x'), REFERENCE]).subarray(1)
    const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
    const file = await openGguf({ size: bytes.length, read })
    expect([...file.metadata]).toEqual([...metadata])
    for (const { name, data } of TENSORS) expect(await file.readFloat32(name)).toEqual(data)
  })
})

it('reads version 2, whose layout is the same', async () => {
  const bytes = REFERENCE.slice()
  bytes[4] = 2
  const file = await openGguf(bytesSource(bytes))
  expect(file.tensors.size).toBe(3)
})

it('gives back what was written, stored bytes of every type included', async () => {
  const types = Object.keys(TENSOR_TYPES) as TensorTypeName[]
  const someTensor = fc
    .record({
      type: fc.constantFrom(...types),
      outer: fc.array(fc.nat(3), { maxLength: 3 }),
      blocks: fc.nat(2),
      seed: fc.nat(255),
    })
    .map(({ type, outer, blocks, seed }) => {
      const { blockSize, bytes } = TENSOR_TYPES[type]
      const shape = [...outer, blocks * blockSize]
      const length = outer.reduce((a, b) => a * b, blocks * bytes)
      return { type, shape, data: Uint8Array.from({ length }, (_, i) => seed + 7 * i) }
    })
  const someText = fc.string({ unit: 'grapheme' })
  const someArray: fc.Arbitrary<GgufArray> = fc.oneof(
    fc.array(someText).map((value) => ({ type: 'array', items: 'string', value }) as const),
    fc.array(fc.boolean()).map((value) => ({ type: 'array', items: 'bool', value }) as const),
    fc.int16Array().map((value) => ({ type: 'array', items: 'int16', value }) as const),
    fc.float64Array().map((value) => ({ type: 'array', items: 'float64', value }) as const),
  )
  const someValue: fc.Arbitrary<GgufValue> = fc.oneof(
    someArray,
    fc.array(someArray).map((value) => ({ type: 'array', items: 'array', value }) as const),
    someText.map((value) => ({ type: 'string', value }) as const),
    fc.maxSafeInteger().map((value) => ({ type: 'int64', value }) as const),
    fc.double().map((value) => ({ type: 'float64', value }) as const),
  )
  const someName = fc.string({ minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(someName, someValue), { maxLength: 6 }),
      fc.uniqueArray(fc.tuple(someName, someTensor), { maxLength: 6, selector: ([name]) => name }),
      fc.constantFrom(undefined, 1, 8, 32, 4096),
      async (pairs, named, alignment) => {
        const metadata = new Map(pairs)
        const tensors = named.map(([name, tensor]) => ({ name, ...tensor }))
        const bytes = await collect(encodeGguf({ metadata, tensors, alignment }))
        const file = await openGguf(bytesSource(bytes))
        if (alignment) metadata.set('general.alignment', { type: 'uint32', value: alignment })
        expect([...file.metadata]).toEqual([...metadata])
        expect([...file.tensors.keys()]).toEqual(tensors.map(({ name }) => name))
        for (const { name, type, shape, data } of tensors) {
          expect(file.tensors.get(name)).toMatchObject({ type, shape })
          expect((file.tensors.get(name)?.offset ?? 0.5) % (alignment ?? 32)).toBe(0)
          expect(await file.read(name)).toEqual(data)
        }
      },
    ),
  )
})

it('keeps the alignment of a file that is written again', async () => {
  const [tensor] = TENSORS as [GgufTensorToWrite]
  const bytes = await collect(encodeGguf({ metadata: new Map(), tensors: [tensor], alignment: 64 }))
  const { metadata, tensors, read } = await openGguf(bytesSource(bytes))
  expect(metadata.number('general.alignment')).toBe(64)
  const again = [...tensors].map(([name, entry]) => ({ name, ...entry, data: () => read(name) }))
  expect(await collect(encodeGguf({ metadata, tensors: again }))).toEqual(bytes)
})

it('asks for each tensor only when the pieces before it were taken', async () => {
  const asked: string[] = []
  const lazy = (name: string): GgufTensorToWrite => ({
    name,
    type: 'F32',
    shape: [8],
    data: async () => {
      asked.push(name)
      return new Float32Array(8)
    },
  })
  const pieces = encodeGguf({ metadata: new Map(), tensors: [lazy('b'), lazy('a')] })
  await pieces.next()
  expect(asked).toEqual([])
  await pieces.next()
  expect(asked).toEqual(['b'])
  await pieces.next()
  expect(asked).toEqual(['b', 'a'])
})

it('converts large tensors in parts, into a given buffer', async () => {
  const shape = [2, 300_000 - 64]
  const size = 2 * (300_000 - 64)
  const data = Float32Array.from({ length: size }, (_, i) => (i % 32 ? (i % 251) - 125 : -127))
  const tensors = [{ name: 'w', type: 'Q8_0', shape, data }] as const
  let largest = 0
  const pieces: Uint8Array[] = []
  for await (const piece of encodeGguf({ metadata: new Map(), tensors })) {
    largest = Math.max(largest, piece.length)
    pieces.push(piece)
  }
  const bytes = Buffer.concat(pieces)
  expect(largest).toBeLessThan(bytes.length / 2)
  largest = 0
  const file = await openGguf(bytesSource(bytes))
  const { offset, length } = file.tensors.get('w') as { offset: number; length: number }
  const watched = await openGguf({
    size: bytes.length,
    read: async (from, count) => {
      if (from >= offset) largest = Math.max(largest, count)
      return bytes.subarray(from, from + count)
    },
  })
  const all = new Float32Array(size + 2)
  await watched.readFloat32('w', all.subarray(1, size + 1))
  expect(all[0]).toBe(0)
  expect(data.findIndex((value, i) => value !== all[i + 1])).toBe(-1)
  expect(largest).toBeLessThan(length / 2)
})

it('reads a header longer than its first look', async () => {
  const value = Array.from({ length: 300_000 }, (_, i) => `token ${i}`)
  const metadata = new Map([['tokens', { type: 'array', items: 'string', value } as const]])
  const header = await collect(encodeGguf({ metadata, tensors: [] }))
  expect(header.length).toBeGreaterThan(2 ** 22)
  const file = await openGguf(bytesSource(header))
  expect(file.metadata.strings('tokens')).toEqual(value)
})

it('refuses what cannot be read as asked', async () => {
  let closed = 0
  const close = async () => void closed++
  const file = await openGguf({ ...bytesSource(REFERENCE), close }, 'm.gguf')
  await expect(file.read('c')).rejects.toThrow('m.gguf: has no tensor "c"')
  await expect(file.readFloat32('half', new Float32Array(2))).rejects.toThrow(
    'half: 3 elements [3] do not fit a buffer of 2',
  )
  await file.close()
  expect(closed).toBe(1)
  await expect(openGguf({ ...bytesSource(new Uint8Array(3)), close })).rejects.toThrow('byte 4')
  expect(closed).toBe(2)
})

describe('what a file cannot hold is not written', () => {
  const tensor: GgufTensorToWrite = {
    name: 'w',
    type: 'F32',
    shape: [2],
    data: new Float32Array(2),
  }
  const value = (value: GgufValue) => ({ metadata: new Map([['k', value]]) })
  it.each<[string, Partial<Parameters<typeof encodeGguf>[0]>, string]>([
    [
      'another length',
      { tensors: [{ ...tensor, shape: [3] }] },
      'w: Float32Array of 2 given for F32 [3]',
    ],
    [
      'another array',
      { tensors: [{ ...tensor, data: new Int32Array(2) }] },
      'w: Int32Array of 2 given for F32 [2]',
    ],
    ['a name twice', { tensors: [tensor, tensor] }, 'tensor "w" is there twice'],
    ['a long name', { tensors: [{ ...tensor, name: 'ü'.repeat(32) }] }, 'more than 63 bytes'],
    [
      'five dimensions',
      { tensors: [{ ...tensor, shape: [1, 1, 1, 1, 2] }] },
      'at most 4 dimensions',
    ],
    [
      'rows that are no blocks',
      { tensors: [{ ...tensor, type: 'Q4_0', shape: [16, 2] }] },
      'tensor "w" has rows of 2 elements; Q4_0 takes multiples of 32',
    ],
    [
      'a type that is only read',
      { tensors: [{ ...tensor, type: 'Q4_K', shape: [256], data: new Float32Array(256) }] },
      'tensor "w": Q4_K is only read',
    ],
    [
      'infinity in blocks',
      { tensors: [{ ...tensor, type: 'Q8_0', shape: [32], data: new Float32Array(32).fill(1e9) }] },
      'tensor "w": a block has the scale',
    ],
    [
      'an alignment of 12',
      { alignment: 12 },
      '"general.alignment" is uint32 12; expected a power of',
    ],
    ['an alignment of 0', { alignment: 0 }, '"general.alignment" is uint32 0'],
    ['an empty key', { metadata: new Map([['', { type: 'bool', value: true }]]) }, 'key is empty'],
    ['half a pair', value({ type: 'string', value: '\ud83d' }), '"\\ud83d", not well-formed'],
    ['256', value({ type: 'uint8', value: 256 }), 'metadata "k" is 256, which is no uint8'],
    ['-129', value({ type: 'int8', value: -129 }), 'metadata "k" is -129, which is no int8'],
    ['-1', value({ type: 'uint64', value: -1 }), 'metadata "k" is -1, which is no uint64'],
    ['2^63', value({ type: 'int64', value: 2n ** 63n }), 'which is no int64'],
    ['a half', value({ type: 'int32', value: 0.5 }), 'metadata "k" is 0.5, which is no int32'],
    ['a bigint', value({ type: 'float32', value: 1n }), 'metadata "k" is 1, which is no float32'],
    [
      'a fraction among integers',
      value({ type: 'array', items: 'int64', value: [1, 1.5] }),
      'metadata "k" is 1.5, which is no int64',
    ],
  ])('%s', async (_, given, message) => {
    const file = { metadata: new Map(), tensors: [], ...given }
    await expect(collect(encodeGguf(file))).rejects.toThrow(message)
  })
})
