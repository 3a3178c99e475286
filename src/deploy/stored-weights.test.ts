import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { modelFiles } from '../checkpoint/model-files.ts'
import { readWritingFolder } from '../checkpoint/model-folder.ts'
import { packParameters } from '../checkpoint/packed-parameters.ts'
import { UserError } from '../errors.ts'
import { generate } from '../generate/generate.ts'
import { LanguageModel } from '../generate/language-model.ts'
import { load } from '../generate/load.ts'
import { isStored, type WeightData } from '../graph/onnx/model.ts'
import { Decoder } from '../models/decoder.ts'
import { writeFolder } from '../models/files/folder.ts'
import { createModel } from '../models/model.ts'
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

const FORMATS = [
  ['huggingface', 'f32'],
  ['huggingface', 'f16'],
  ['huggingface', 'bf16'],
  ['gguf', 'f32'],
  ['gguf', 'f16'],
  ['gguf', 'bf16'],
] as const

/** Vectors that a file has otherwise than by a type or an order are read: Gemma's norms, say. */
const isMatrix = (shape: readonly number[]) => shape.length > 1

describe.each(Object.entries(tinyConfigs))('%s', async (name, config) => {
  const folder = join(root, name)
  const decoder = new Decoder(config)
  const weights = tinyWeights(decoder)
  const values = { tensor: (n: string) => ({ read: async () => weights[n] as Float32Array }) }
  await writeFolder(folder, modelFiles({ model: decoder, values, tokenizer }))

  test.each(FORMATS)(
    'what lies in %s as %s is computed with where it lies',
    async (format, dtype) => {
      const out = join(root, `${name}-${dtype}${format === 'gguf' ? '.gguf' : ''}`)
      const refused: unknown = await exportModel({ model: folder, format, dtype, out }).catch(
        (e) => e,
      )
      // Some choices are in no format but ours.
      if (refused instanceof UserError) return expect(refused.message).toMatch(/GGUF|Hugging Face/)
      const files = await readWritingFolder(out)
      const model = createModel(files.config) as Decoder
      const { packed, free } = await packParameters(engine, model, files)
      const read = [...model.parameters()].filter(([n]) => !isStored(packed[n] as WeightData))
      expect(read.filter(([, { shape }]) => isMatrix(shape))).toEqual([])
      free()

      const inMemory = await packParameters(engine, model, files, { inMemory: true })
      const given = { engine, model, tokenizer, weights: { packed: inMemory.packed } }
      const expected = await LanguageModel.create(given)
      inMemory.free()
      const found = await load(out, { engine })
      const asked = { prompt: 'Call me', temperature: 0, maxTokens: 5, logprobs: 3 }
      expect((await generate(found, asked)).pieces).toEqual(
        (await generate(expected, asked)).pieces,
      )
      await Promise.all([expected.dispose(), found.dispose()])
    },
  )
})
