import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { decoderGguf } from '../bench/gguf.ts'
import { openFile, writeFile } from '../src/files/node-file.ts'
import { encodeGguf, type GgufToWrite } from '../src/formats/gguf/encode.ts'
import { type Gguf, openGguf } from '../src/formats/gguf/gguf.ts'
import { TENSOR_TYPES, type TensorTypeName } from '../src/formats/gguf/types/index.ts'
import type { TensorType } from '../src/formats/gguf/types/tensor-type.ts'
import { Decoder } from '../src/models/decoder.ts'
import { llamaConfig } from '../src/models/decoder-config.ts'
import { Random } from '../src/random.ts'
import { tinyWeights } from '../test/tiny-decoder.ts'
import { type Ggml, loadGgml, quantizeFile } from './ggml.ts'

const found = loadGgml()
if (!found && process.env.CI === 'true') throw new Error('node-llama-cpp is not installed in peers')
const ggml = found as Ggml

const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(() => rm(folder, { recursive: true }))

const random = new Random(7)
const typeOf = (name: TensorTypeName): TensorType => TENSOR_TYPES[name]
const names = Object.keys(TENSOR_TYPES) as TensorTypeName[]
const quantized = names.filter((name) => name.startsWith('Q'))

/** Rows of normal numbers, from the smallest floats to the largest whose scales are halves. */
const someRows = Array.from({ length: 1000 }, (_, i) => {
  const size = 2 ** (i < 500 ? (i % 10) - 8 : (i % 156) - 140)
  return Float32Array.from({ length: 256 }, () => size * random.normal())
})

const firstDifference = (ours: ArrayLike<number>, theirs: ArrayLike<number>): string => {
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    if (!Object.is(ours[i], theirs[i])) return `${i}: ${ours[i]}, ggml ${theirs[i]}`
  }
  return 'none'
}

describe.runIf(found)("ggml's arithmetic", () => {
  const bytesOf = ({ blockSize, bytes }: TensorType) => (256 / blockSize) * bytes

  it.each(['F16', 'BF16', 'Q8_0', 'Q4_0'] as const)('%s: the same bytes are written', (name) => {
    const type = typeOf(name) as Required<TensorType>
    for (const row of someRows) {
      const theirs = ggml.quantize(type.id, row, bytesOf(type))
      expect(firstDifference(type.quantize(row), theirs)).toBe('none')
    }
  })

  it.each(quantized)('%s: what ggml wrote is read as ggml reads it', (name) => {
    const type = typeOf(name)
    const suffix = name.replace('Q', 'q')
    const out = new Float32Array(256)
    for (const row of someRows) {
      const blocks = ggml.quantize(type.id, row, bytesOf(type))
      type.dequantize(blocks, out)
      expect(firstDifference(out, ggml.dequantize(suffix, blocks, 256))).toBe('none')
    }
    for (let i = 0; i < 1000; i++) {
      const blocks = Uint8Array.from({ length: bytesOf(type) }, () => random.integer(256))
      type.dequantize(blocks, out)
      expect(firstDifference(out, ggml.dequantize(suffix, blocks, 256))).toBe('none')
    }
  })
})

/** Every type of value but nested arrays, which ggml does not read, and of tensor. */
const file: GgufToWrite = {
  metadata: new Map([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['a.u8', { type: 'uint8', value: 200 }],
    ['a.i8', { type: 'int8', value: -100 }],
    ['a.u16', { type: 'uint16', value: 60_000 }],
    ['a.i16', { type: 'int16', value: -30_000 }],
    ['a.u32', { type: 'uint32', value: 4_000_000_000 }],
    ['a.i32', { type: 'int32', value: -2_000_000_000 }],
    ['a.u64', { type: 'uint64', value: 2n ** 64n - 1n }],
    ['a.i64', { type: 'int64', value: -5 }],
    ['a.f32', { type: 'float32', value: 0.25 }],
    ['a.f64', { type: 'float64', value: 0.1 }],
    ['a.bool', { type: 'bool', value: true }],
    ['a.text', { type: 'string', value: 'Grüße, 世界 🙂' }],
    ['a.texts', { type: 'array', items: 'string', value: ['', 'ä', '\n'] }],
    ['a.floats', { type: 'array', items: 'float32', value: [0, -1.5] }],
    ['a.wide', { type: 'array', items: 'int64', value: [1, -(2n ** 60n)] }],
    ['a.bools', { type: 'array', items: 'bool', value: [true, false] }],
  ]),
  alignment: 64,
  tensors: names.map((type, i) => {
    const { blockSize, bytes } = typeOf(type)
    const shape = [[2, 3, 4, 256], [5, 512], [256]][i % 3] as number[]
    const size = shape.reduce((a, b) => a * b, 1)
    const data = Uint8Array.from({ length: (size / blockSize) * bytes }, () => random.integer(256))
    return { name: `blk.${i}.${type}`, type, shape, data }
  }),
}

const inFile = async (name: string, content: GgufToWrite): Promise<[string, Gguf]> => {
  const path = join(folder, name)
  await writeFile(path, encodeGguf(content))
  return [path, await openGguf(await openFile(path))]
}

describe.runIf(found)('a file written here', () => {
  it("is read by ggml's reader, and its header is written again to the byte", async () => {
    const [path, ours] = await inFile('ours.gguf', file)
    const { version, alignment, keys, tensors } = ggml.readHeader(path)
    expect([version, alignment]).toEqual([3, 64])
    expect(keys).toEqual([...ours.metadata.keys()])
    expect(tensors.map(({ type, ...tensor }) => ({ ...tensor, type: type.toUpperCase() }))).toEqual(
      [...ours.tensors].map(([name, { type, offset, length }]) => ({
        name,
        type: type.toUpperCase(),
        offset,
        length,
      })),
    )
    const copy = join(folder, 'copy.gguf')
    expect(ggml.copyHeader(path, copy)).toBe(true)
    const header = await readFile(copy)
    expect(header.equals((await readFile(path)).subarray(0, header.length))).toBe(true)
    expect(header.length).toBe(ours.tensors.get(file.tensors[0]?.name ?? '')?.offset)
    await ours.close()
  })

  it("is read by node-llama-cpp's reader", async () => {
    const [path, ours] = await inFile('ours.gguf', file)
    const entry = new URL('../peers/node_modules/node-llama-cpp/dist/index.js', import.meta.url)
    const { readGgufFileInfo } = await import(entry.href)
    const theirs = await readGgufFileInfo(path)
    expect(theirs.version).toBe(3)
    const { general, a } = theirs.metadata
    expect(general).toEqual({ architecture: 'llama', alignment: 64 })
    for (const [key, { value }] of ours.metadata) {
      const plain = typeof value === 'object' ? Array.from<unknown>(value) : value
      if (key.startsWith('a.')) expect(narrow(a[key.slice(2)]), key).toEqual(plain)
    }
    expect(Object.keys(a).length).toBe(ours.metadata.size - 2)
    expect(
      theirs.fullTensorInfo.map(
        (tensor: { name: string; dimensions: number[]; ggmlType: number; fileOffset: number }) => [
          tensor.name,
          [...tensor.dimensions].reverse(),
          tensor.ggmlType,
          tensor.fileOffset,
        ],
      ),
    ).toEqual(
      [...ours.tensors].map(([name, { type, shape, offset }]) => [
        name,
        shape,
        typeOf(type).id,
        offset,
      ]),
    )
    await ours.close()
  })
})

describe.runIf(found)("llama.cpp's quantization of a model written here", () => {
  const sizes = { vocabSize: 640, context: 512, layers: 3, dim: 256, heads: 4, kvHeads: 2 }
  const decoder = new Decoder(llamaConfig(sizes))
  const weights = tinyWeights(decoder)

  /** `llama_ftype`, the types that its file holds, and the error that 4, 5, 6 and 8 bits allow. */
  it.each([
    ['Q4_K_M', 15, ['F32', 'Q4_K', 'Q5_0', 'Q6_K', 'Q8_0'], 0.12],
    ['Q5_K_M', 17, ['F32', 'Q5_1', 'Q5_K', 'Q6_K', 'Q8_0'], 0.06],
    ['Q4_1', 3, ['F32', 'Q4_1', 'Q6_K'], 0.12],
    ['Q8_0', 7, ['F32', 'Q8_0'], 0.008],
  ])('%s: is read', async (name, id, types, bound) => {
    const model = decoderGguf(decoder, (parameter) => weights[parameter] as Float32Array)
    const [path, before] = await inFile('model.gguf', model)
    const smaller = join(folder, `${name}.gguf`)
    quantizeFile(path, smaller, id)
    const after = await openGguf(await openFile(smaller))
    expect(after.metadata.number('general.file_type')).toBe(id)
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort())
    expect([...new Set([...after.tensors.values()].map(({ type }) => type))].sort()).toEqual(types)
    for (const [tensor, { shape }] of before.tensors) {
      expect(after.tensors.get(tensor)?.shape).toEqual(shape)
      const exact = await before.readFloat32(tensor)
      const read = await after.readFloat32(tensor)
      const error = read.map((value, i) => value - (exact[i] as number))
      expect(norm(error) / norm(exact), tensor).toBeLessThan(bound)
    }
    await Promise.all([before.close(), after.close()])
  })
})

/** Its 64-bit numbers are bigints throughout. */
const narrow = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(narrow)
  const number = typeof value === 'bigint' ? Number(value) : undefined
  return Number.isSafeInteger(number) ? number : value
}

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0))
