import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyEncoderDecoders } from '../../test/tiny-models.ts'
import { packParameters } from '../checkpoint/load-parameters.ts'
import { asWriting, openModel } from '../checkpoint/open-model.ts'
import { writeFolder } from '../files/folder.ts'
import { modelFiles } from '../formats/huggingface/model-files.ts'
import { generate } from '../generate/generate.ts'
import { LanguageModel } from '../generate/language-model.ts'
import { load } from '../generate/load.ts'
import { isStored, type WeightData } from '../graph/onnx/model.ts'
import { createModel, type WritingModel } from '../models/model.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { exportModel } from './export-model.ts'

const engine = await openEngine({ engine: 'cpu', threads: 1 })
const root = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(async () => {
  await engine.dispose()
  await rm(root, { recursive: true })
})

const tokenizer = await trainCharTokenizer(
  ['abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ01234'],
  { specialTokens: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] },
)
const configs: [string, WritingModel['config']][] = Object.entries({
  ...tinyConfigs,
  ...tinyEncoderDecoders,
})

/** GGUF has no words for them. */
const NOT_IN_GGUF = [
  'GPT-2 with heads of 5',
  'Mistral',
  'Qwen 2',
  'Gemma 2',
  'Qwen 3 with experts',
  'ALiBi and sinks',
  'position buckets',
  'sinusoidal positions',
  'no positions',
  'no norm',
  'attention alone',
  'the Transformer of 2017',
  'T5 1.1',
  'T5, the first',
]

async function write(name: string, config: WritingModel['config']) {
  const folder = join(root, name)
  const model = createModel(config)
  const weights = tinyWeights(model)
  const values = { tensor: (n: string) => ({ read: async () => weights[n] as Float32Array }) }
  await writeFolder(folder, modelFiles({ model, values, tokenizer }))
  return folder
}

describe.each(configs)('%s', async (name, config) => {
  const folder = await write(name, config)

  test.each(['f32', 'f16', 'bf16'])('a folder in %s', (dtype) => expectAlike('huggingface', dtype))

  if (NOT_IN_GGUF.includes(name))
    test('is not in GGUF', () => expect(expectAlike('gguf', 'f16')).rejects.toThrow('GGUF'))
  else test.each(['f32', 'f16', 'bf16'])('GGUF in %s', (dtype) => expectAlike('gguf', dtype))

  /** What is computed with where it lies gives the same as what is read into memory. */
  async function expectAlike(format: 'huggingface' | 'gguf', dtype: string): Promise<void> {
    const out = join(root, `${name}-${dtype}${format === 'gguf' ? '.gguf' : ''}`)
    await exportModel({ model: folder, format, dtype, out })
    const files = asWriting(await openModel(out))
    const model = createModel(files.config) as WritingModel
    const { packed, free } = await packParameters(engine, model, files)
    free()
    // Vectors may be stored less one, as Gemma's norms are, and are read then.
    const read = [...model.parameters()].filter(([n]) => !isStored(packed[n] as WeightData))
    expect(read.filter(([, { shape }]) => shape.length > 1)).toEqual([])

    const inMemory = await packParameters(engine, model, files, { inMemory: true })
    const weights = { packed: inMemory.packed }
    const expected = await LanguageModel.create({ engine, model, tokenizer, weights })
    inMemory.free()
    await files.close()
    const found = await load(out, { engine })
    const asked = { prompt: 'abc', temperature: 0, maxTokens: 5, logprobs: 3 }
    expect((await generate(found, asked)).pieces).toEqual((await generate(expected, asked)).pieces)
    await Promise.all([expected.dispose(), found.dispose()])
  }
})

test('shards that are links to several folders: those of the first stay there', async () => {
  const folder = await write('apart', tinyConfigs.Llama as WritingModel['config'])
  const out = join(root, 'apart-bf16')
  const shardSize = 5e-5
  await exportModel({ model: folder, format: 'huggingface', dtype: 'bf16', out, shardSize })
  const last = (await readdir(out)).filter((name) => name.startsWith('model-')).at(-1) as string
  await mkdir(join(root, 'elsewhere'))
  await rename(join(out, last), join(root, 'elsewhere', 'a shard'))
  await symlink(join(root, 'elsewhere', 'a shard'), join(out, last))
  const files = await openModel(out)
  const { packed, free } = await packParameters(engine, createModel(files.config), files)
  free()
  await files.close()
  const stored = Object.values(packed).filter(isStored)
  expect(new Set(stored.map((place) => place.folder)).size).toBe(1)
  expect(stored.length).toBeLessThan(Object.keys(packed).length)
  const model = await load(out, { engine })
  expect((await generate(model, { prompt: 'abc', maxTokens: 3 })).tokens).toHaveLength(3)
  await model.dispose()
})

test('where the matrices of GPT-2 lie', async () => {
  const folder = await write('places', tinyConfigs['GPT-2'] as WritingModel['config'])
  const out = join(root, 'places-bf16')
  await exportModel({ model: folder, format: 'huggingface', dtype: 'bf16', out })
  const files = await openModel(out)
  const { packed, free } = await packParameters(engine, createModel(files.config), files)
  free()
  await files.close()
  const layer = 'model.layers.1.'
  const [q, k, v, bias] = ['q_proj.weight', 'k_proj.weight', 'v_proj.weight', 'v_proj.bias'].map(
    (name) => packed[`${layer}self_attn.${name}`],
  )
  const shape = [32, 96]
  const place = { file: 'model.safetensors', dtype: 'bfloat16' }
  expect(q).toMatchObject({ ...place, layout: { shape, columns: [0, 32], axes: [1, 0] } })
  expect(k).toMatchObject({ ...place, layout: { shape, columns: [32, 64], axes: [1, 0] } })
  expect(v).toMatchObject({ ...place, layout: { shape, columns: [64, 96], axes: [1, 0] } })
  const first = packed[`${layer}self_attn.q_proj.bias`]
  const offsets = [first, bias].map((data) => (data && isStored(data) ? data.offset : Number.NaN))
  expect((offsets[1] as number) - (offsets[0] as number)).toBe(2 * 64)
  expect(packed[`${layer}mlp.up_proj.weight`]).toMatchObject({
    ...place,
    layout: { shape: [32, 128], axes: [1, 0] },
  })
})
