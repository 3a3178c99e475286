import { describe, expect, it } from 'vitest'
import { type ByteSource, blobSource } from '../../files/byte-source.ts'
import { encodeSafetensors, type TensorToWrite } from './safetensors.ts'
import { openWeights, shardTensors } from './sharded.ts'

const tensor = (name: string, ...values: number[]): TensorToWrite => ({
  name,
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
})

/** A model folder in memory; `closed` collects the names of files that were closed. */
const folder = (files: Record<string, Blob>, closed: string[] = []) => {
  return async (file: string): Promise<ByteSource | undefined> => {
    const blob = files[file]
    return blob && { ...blobSource(blob), close: async () => void closed.push(file) }
  }
}

const blobOf = async (tensors: TensorToWrite[]): Promise<Blob> => {
  const pieces: BlobPart[] = []
  for await (const piece of encodeSafetensors(tensors)) pieces.push(piece.slice())
  return new Blob(pieces)
}

const tensors = [tensor('a', 1, 2), tensor('b', 3), tensor('c', 4, 5, 6, 7), tensor('d', 8)]

it('spreads tensors over files of at most the given size, and reads them back', async () => {
  const { shards, index } = shardTensors(tensors, 12)
  expect(shards.map(({ file, tensors }) => [file, tensors.map(({ name }) => name)])).toEqual([
    ['model-00001-of-00003.safetensors', ['a', 'b']],
    ['model-00002-of-00003.safetensors', ['c']],
    ['model-00003-of-00003.safetensors', ['d']],
  ])
  expect(JSON.parse(index ?? '')).toEqual({
    metadata: { total_size: 32 },
    weight_map: {
      a: 'model-00001-of-00003.safetensors',
      b: 'model-00001-of-00003.safetensors',
      c: 'model-00002-of-00003.safetensors',
      d: 'model-00003-of-00003.safetensors',
    },
  })

  const files: Record<string, Blob> = { 'model.safetensors.index.json': new Blob([index ?? '']) }
  for (const shard of shards) files[shard.file] = await blobOf(shard.tensors)
  const closed: string[] = []
  const weights = await openWeights(folder(files, closed))
  expect([...weights.tensors.keys()]).toEqual(['a', 'b', 'c', 'd'])
  expect(weights.metadata).toEqual({ format: 'pt' })
  expect(await weights.read('c')).toEqual(Float32Array.of(4, 5, 6, 7))
  expect(await weights.readFloat32('b')).toEqual(Float32Array.of(3))
  await expect(weights.read('e')).rejects.toThrow('has no tensor "e"')
  await weights.close()
  expect(closed.sort()).toEqual(Object.keys(files).sort())
})

it('keeps one file where all fits, and prefers it', async () => {
  expect(shardTensors(tensors, 32)).toEqual({
    shards: [{ file: 'model.safetensors', tensors }],
    index: undefined,
  })
  const files = { 'model.safetensors': await blobOf([tensor('a', 9)]) }
  const weights = await openWeights(folder(files))
  expect(await weights.read('a')).toEqual(Float32Array.of(9))
})

describe('refuses', () => {
  const INDEX = 'model.safetensors.index.json'
  const withMap = (map: unknown) => new Blob([JSON.stringify({ weight_map: map })])
  it.each<[string, Record<string, Blob>, string]>([
    ['no weights at all', {}, 'no weights: the model folder has neither'],
    ['an index that is not JSON', { [INDEX]: new Blob(['x']) }, 'is not JSON: '],
    ['an index without a map', { [INDEX]: new Blob(['null']) }, 'weight_map is not an object'],
    ['a number for a file', { [INDEX]: withMap({ a: 1 }) }, 'weight_map["a"] is 1, not the name'],
    ['a path', { [INDEX]: withMap({ a: '../a.safetensors' }) }, 'weight_map["a"] is "../a.safe'],
    [
      'a missing shard',
      { [INDEX]: withMap({ a: 's.safetensors' }) },
      'names the shard s.safetensors',
    ],
  ])('%s', async (_, files, message) => {
    await expect(openWeights(folder(files))).rejects.toThrow(message)
  })

  it('a shard without the tensor it should hold, and closes every file', async () => {
    const closed: string[] = []
    const files = { [INDEX]: withMap({ a: 's.safetensors' }), 's.safetensors': await blobOf([]) }
    await expect(openWeights(folder(files, closed))).rejects.toThrow(
      'places "a" in s.safetensors, which does not hold it',
    )
    expect(closed).toEqual([INDEX, 's.safetensors'])
  })

  it('a damaged shard by its name, and closes it', async () => {
    const closed: string[] = []
    const files = { [INDEX]: withMap({ a: 's.safetensors' }), 's.safetensors': new Blob(['?']) }
    await expect(openWeights(folder(files, closed))).rejects.toThrow('s.safetensors: has 1 bytes')
    expect(closed).toContain('s.safetensors')
  })
})
