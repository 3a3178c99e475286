import { mkdtemp, readFile, rm, writeFile as writeText } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeFile } from '../src/files/node-file.ts'
import { openFolderWeights } from '../src/formats/huggingface/open.ts'
import { encodeSafetensors, type TensorToWrite } from '../src/formats/safetensors/safetensors.ts'
import { shardTensors } from '../src/formats/safetensors/sharded.ts'

const MODEL = new URL('../../shared/data/models/stories260K.bin', import.meta.url)

/** A real pretrained model, taken apart as llama2.c lays it out. */
const readLlama2c = async (): Promise<TensorToWrite[]> => {
  const bytes = await readFile(MODEL)
  const header = Array.from({ length: 7 }, (_, i) => bytes.readInt32LE(4 * i))
  const [dim, hidden, layers, heads, kvHeads, vocabulary] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const kv = (dim / heads) * kvHeads
  const shapes: Record<string, number[]> = {
    tokenEmbedding: [Math.abs(vocabulary), dim],
    attentionNorm: [layers, dim],
    wq: [layers, dim, dim],
    wk: [layers, kv, dim],
    wv: [layers, kv, dim],
    wo: [layers, dim, dim],
    feedForwardNorm: [layers, dim],
    w1: [layers, hidden, dim],
    w2: [layers, dim, hidden],
    w3: [layers, hidden, dim],
    finalNorm: [dim],
  }
  let offset = 28
  return Object.entries(shapes).map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1)
    const data = Float32Array.from({ length: size }, (_, i) => bytes.readFloatLE(offset + 4 * i))
    offset += 4 * size
    return { name, dtype: 'F32', shape, data }
  })
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('holds a real model, in shards, to the last bit', async () => {
  const tensors = await readLlama2c()
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  expect(parameters).toBe(260_032)
  const { shards, index } = shardTensors(tensors, 300_000)
  expect(shards.length).toBeGreaterThan(3)
  await writeText(join(folder, 'model.safetensors.index.json'), index ?? '')
  for (const { file, tensors } of shards) {
    await writeFile(join(folder, file), encodeSafetensors(tensors))
  }
  const weights = await openFolderWeights(folder)
  expect([...weights.tensors.keys()]).toEqual(tensors.map(({ name }) => name))
  for (const { name, data } of tensors) expect(await weights.readFloat32(name)).toEqual(data)
  await weights.close()
})

it('loses no more than half a place of bfloat16 and float16', async () => {
  const tensors = await readLlama2c()
  for (const [dtype, precision] of [
    ['BF16', 2 ** -8],
    ['F16', 2 ** -11],
  ] as const) {
    const pieces = encodeSafetensors(tensors.map((tensor) => ({ ...tensor, dtype })))
    const other = await mkdtemp(join(folder, 'half-'))
    await writeFile(join(other, 'model.safetensors'), pieces)
    const weights = await openFolderWeights(other)
    let worst = 0
    for (const { name, data } of tensors) {
      const half = await weights.readFloat32(name)
      ;(data as Float32Array).forEach((value, i) => {
        // Below 2^-14 a float16 has a fixed last place.
        const scale = Math.max(Math.abs(value), 2 ** -14)
        worst = Math.max(worst, Math.abs((half[i] as number) - value) / scale)
      })
    }
    expect(worst).toBeLessThanOrEqual(precision)
    expect(worst).toBeGreaterThan(precision / 2)
    await weights.close()
  }
})
