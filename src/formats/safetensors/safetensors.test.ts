import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../../files/byte-source.ts'
import { STORED_DTYPES } from '../../graph/dtype.ts'
import { SAFETENSORS_DTYPES, type SafetensorsDType } from './header.ts'
import { encodeSafetensors, openSafetensors, type TensorToWrite } from './safetensors.ts'

const collect = async (pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const all: number[] = []
  for await (const piece of pieces) all.push(...piece)
  return Uint8Array.from(all)
}

/** A file from a header as text and the number of its data bytes. */
const fileOf = (header: string | object, data = 0): Uint8Array => {
  const json = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  )
  const bytes = new Uint8Array(8 + json.length + data)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

/**
 * Written by the reference implementation: Python's safetensors 0.8.0, `safetensors.torch.save`.
 */
const REFERENCE = `
uAIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJwb3NpdGlvbl9pZHMiOnsiZHR5cGUiOiJJNjQiLCJz
aGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOlswLDI0XX0sImEud2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyXSwi
ZGF0YV9vZmZzZXRzIjpbMjQsMzJdfSwiYi53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFfb2Zm
c2V0cyI6WzMyLDU2XX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOls1Niw1
Nl19LCJpMzIiOnsiZHR5cGUiOiJJMzIiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls1Niw2NF19LCJzY2FsYXIiOnsi
ZHR5cGUiOiJJMzIiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0cyI6WzY0LDY4XX0sImJyYWluIjp7ImR0eXBlIjoiQkYxNiIs
InNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzY4LDc0XX0sImhhbGYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJk
YXRhX29mZnNldHMiOls3NCw4MF19LCJpOCI6eyJkdHlwZSI6Ikk4Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbODAs
ODNdfSwidTgiOnsiZHR5cGUiOiJVOCIsInNoYXBlIjpbMSwyXSwiZGF0YV9vZmZzZXRzIjpbODMsODVdfSwibWFzayI6eyJk
dHlwZSI6IkJPT0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls4NSw4OF19fSAgICAgICAAAAAAAAAAAAEAAAAAAAAA
////////3/8AAIA/AAAAQAAAwD8AAADAAABQQAAAAAAAAACAbxKDOgAAAIAHAAAAKgAAAIA/Yv/NPQA8//sBAIB/BQD/AQAB
`
const reference = Uint8Array.from(atob(REFERENCE), (char) => char.charCodeAt(0))

const referenceTensors: TensorToWrite[] = [
  {
    name: 'b.weight',
    dtype: 'F32',
    shape: [2, 3],
    data: Float32Array.of(1.5, -2, 3.25, 0, -0, 1e-3),
  },
  { name: 'a.weight', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) },
  { name: 'half', dtype: 'F16', shape: [3], data: Float32Array.of(1, -65504, 6e-8) },
  { name: 'brain', dtype: 'BF16', shape: [3], data: Float32Array.of(1, -3e38, 0.1) },
  { name: 'i8', dtype: 'I8', shape: [3], data: Int8Array.of(-128, 127, 5) },
  { name: 'u8', dtype: 'U8', shape: [1, 2], data: Uint8Array.of(0, 255) },
  { name: 'i32', dtype: 'I32', shape: [2], data: Int32Array.of(-2147483648, 7) },
  {
    name: 'position_ids',
    dtype: 'I64',
    shape: [3],
    data: BigInt64Array.of(0n, 1n, -9007199254740993n),
  },
  { name: 'mask', dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
  { name: 'scalar', dtype: 'I32', shape: [], data: Int32Array.of(42) },
  { name: 'empty', dtype: 'F32', shape: [0, 3], data: new Float32Array(0) },
]

describe('the reference implementation', () => {
  it('is matched byte for byte', async () => {
    expect(await collect(encodeSafetensors(referenceTensors))).toEqual(reference)
  })

  it('is read: every tensor, by name', async () => {
    const file = await openSafetensors(bytesSource(reference))
    expect(file.metadata).toEqual({ format: 'pt' })
    expect(file.tensors.get('b.weight')).toEqual({
      dtype: 'F32',
      shape: [2, 3],
      offset: 704 + 32,
      length: 24,
    })
    for (const { name, data, dtype } of referenceTensors) {
      if (dtype !== 'F16' && dtype !== 'BF16') expect(await file.read(name)).toEqual(data)
    }
    expect(await file.read('half')).toEqual(Uint16Array.of(0x3c00, 0xfbff, 1))
    expect(await file.readFloat32('half')).toEqual(Float32Array.of(1, -65504, 2 ** -24))
    expect(await file.readFloat32('brain')).toEqual(
      Float32Array.of(1, -(1 + 98 / 128) * 2 ** 127, 0.10009765625),
    )
  })
})

it('gives back what was written', async () => {
  const someTensor = fc
    .record({
      dtype: fc.constantFrom(...(Object.keys(SAFETENSORS_DTYPES) as SafetensorsDType[])),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      seed: fc.nat(255),
    })
    .map(({ dtype, shape, seed }) => {
      const { array, bytes } = STORED_DTYPES[SAFETENSORS_DTYPES[dtype]]
      const size = shape.reduce((a, b) => a * b, 1)
      const raw = Uint8Array.from({ length: size * bytes }, (_, i) => (seed + 7 * i) % 120)
      return { dtype, shape, data: new array(raw.buffer, 0, size) }
    })
  const someFile = fc.dictionary(
    fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
    someTensor,
  )
  const someMetadata = fc.dictionary(fc.string(), fc.string())
  await fc.assert(
    fc.asyncProperty(someFile, someMetadata, async (tensors, metadata) => {
      const named = Object.entries(tensors).map(([name, tensor]) => ({ name, ...tensor }))
      const bytes = await collect(encodeSafetensors(named, metadata))
      const header = new DataView(bytes.buffer).getBigUint64(0, true)
      expect(header % 8n).toBe(0n)
      const file = await openSafetensors(bytesSource(bytes))
      expect(Object.entries(file.metadata).sort()).toEqual(Object.entries(metadata).sort())
      expect(file.tensors.size).toBe(named.length)
      for (const { name, dtype, shape, data } of named) {
        expect(file.tensors.get(name)).toMatchObject({ dtype, shape })
        expect(await file.read(name)).toEqual(data)
      }
    }),
  )
})

it('asks for each tensor only when the pieces before it were taken', async () => {
  const asked: string[] = []
  const lazy = (name: string): TensorToWrite => ({
    name,
    dtype: 'U8',
    shape: [2],
    data: async () => {
      asked.push(name)
      return Uint8Array.of(1, 2)
    },
  })
  const pieces = encodeSafetensors([lazy('b'), lazy('a')])
  await pieces.next()
  expect(asked).toEqual([])
  await pieces.next()
  expect(asked).toEqual(['a'])
  await pieces.next()
  expect(asked).toEqual(['a', 'b'])
})

it('reads large tensors in parts, into a given buffer', async () => {
  const size = 600_001
  const data = Float32Array.from({ length: size }, (_, i) => i % 251)
  const pieces: Uint8Array[] = []
  for await (const piece of encodeSafetensors([
    { name: 'w', dtype: 'BF16', shape: [size], data },
  ])) {
    pieces.push(piece)
  }
  const bytes = new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer())
  let largest = 0
  const { size: total, read } = bytesSource(bytes)
  const file = await openSafetensors({
    size: total,
    read: (offset, length) => {
      largest = Math.max(largest, length)
      return read(offset, length)
    },
  })
  const all = new Float32Array(size + 2)
  await file.readFloat32('w', all.subarray(1, size + 1))
  expect(all[0]).toBe(0)
  expect(data.findIndex((value, i) => value !== all[i + 1])).toBe(-1)
  expect(largest).toBeLessThan(bytes.length / 2)
})

it('refuses what cannot be read as asked', async () => {
  const file = await openSafetensors(bytesSource(reference), 'm.safetensors')
  await expect(file.read('c')).rejects.toThrow('m.safetensors: has no tensor "c"')
  await expect(file.readFloat32('i8')).rejects.toThrow('tensor "i8" is I8, not a float')
  await expect(file.readFloat32('a.weight', new Float32Array(3))).rejects.toThrow(
    'a.weight: 2 elements [2] do not fit a buffer of 3',
  )
})

it('refuses to write what does not fit its description', async () => {
  const write = (...tensors: TensorToWrite[]) => collect(encodeSafetensors(tensors))
  const tensor: TensorToWrite = { name: 'w', dtype: 'F32', shape: [2], data: new Float32Array(2) }
  await expect(write({ ...tensor, shape: [3] })).rejects.toThrow(
    'w: 2 elements given for shape [3]',
  )
  await expect(write({ ...tensor, dtype: 'I32' })).rejects.toThrow('w: Float32Array given for I32')
  await expect(write(tensor, tensor)).rejects.toThrow('tensor name "w" is taken')
  await expect(write({ ...tensor, name: '__metadata__' })).rejects.toThrow('is taken')
})

describe('a damaged file is refused with the field at fault', () => {
  const w = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }
  const huge = 2 ** 53 - 1
  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'has 0 bytes; a safetensors file starts with 8'],
    ['cut in its header', fileOf({ w }, 8).subarray(0, 30), 'but 22 bytes follow it'],
    ['text', new TextEncoder().encode('version https://'), 'a Git LFS pointer?'],
    ['not JSON', fileOf('{"w": nope}', 8), 'the header is not JSON in UTF-8'],
    ['not UTF-8', fileOf({ w }, 8).fill(0xff, 10, 11), 'the header is not JSON in UTF-8'],
    ['an array', fileOf('[]'), 'the header is not a JSON object'],
    ['padded in front', fileOf(' {}'), 'the header is not a JSON object that starts with'],
    [
      'a name twice',
      fileOf(`{"w":${JSON.stringify(w)},"\\u0077":${JSON.stringify(w)}}`, 8),
      '"w" twice',
    ],
    [
      'metadata of numbers',
      fileOf({ __metadata__: { step: 3 } }),
      '__metadata__["step"] is not a string',
    ],
    ['metadata in a list', fileOf({ __metadata__: [] }), '__metadata__ is not an object'],
    ['a number for a tensor', fileOf({ w: 3 }), 'tensor "w": is not an object'],
    [
      'another dtype',
      fileOf({ w: { ...w, dtype: 'F64' } }, 8),
      'tensor "w": dtype is "F64"; expected one of I64,',
    ],
    ['an inherited dtype', fileOf({ w: { ...w, dtype: 'toString' } }, 8), 'dtype is "toString"'],
    ['no shape', fileOf({ w: { ...w, shape: undefined } }, 8), 'tensor "w": shape is missing'],
    ['a negative shape', fileOf({ w: { ...w, shape: [-2] } }, 8), 'tensor "w": shape is [-2]'],
    [
      'a fractional shape',
      fileOf({ w: { ...w, shape: [0.5, 4] } }, 8),
      'tensor "w": shape is [0.5,4]',
    ],
    [
      'an absurd shape',
      fileOf({ w: { ...w, shape: [huge, huge, 0] } }, 8),
      'is larger than any file',
    ],
    [
      'a shape that does not fit',
      fileOf({ w: { ...w, shape: [3] } }, 8),
      'hold 8 bytes, but F32 [3] needs 12',
    ],
    [
      'three offsets',
      fileOf({ w: { ...w, data_offsets: [0, 4, 8] } }, 8),
      'data_offsets is [0,4,8]',
    ],
    [
      'backward offsets',
      fileOf({ w: { ...w, data_offsets: [8, 0] } }, 8),
      'data_offsets [8,0] lie outside',
    ],
    [
      'offsets past the end',
      fileOf({ w: { ...w, data_offsets: [1, 9] } }, 8),
      'outside the 8 bytes of data',
    ],
    ['data cut short', fileOf({ w }, 7), 'tensor "w": data_offsets [0,8] lie outside the 7 bytes'],
    [
      'overlap',
      fileOf({ w, v: { ...w, data_offsets: [4, 12] } }, 12),
      'tensor "v": data_offsets begin at 4, inside',
    ],
    [
      'a hole',
      fileOf({ w, v: { ...w, data_offsets: [9, 17] } }, 17),
      'tensor "v": data_offsets begin at 9, not at',
    ],
    ['a rest', fileOf({ w }, 11), '3 bytes after the last tensor belong to none'],
  ])('%s', async (_, bytes, message) => {
    const opening = openSafetensors(bytesSource(bytes), 'bad.safetensors')
    await expect(opening).rejects.toThrow(`bad.safetensors: `)
    await expect(opening).rejects.toThrow(message)
    await expect(opening).rejects.toHaveProperty('name', 'UserError')
  })
})
