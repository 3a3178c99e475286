import fc from 'fast-check'
import { expect, it } from 'vitest'
import { collect } from '../../test/gguf.ts'
import { type Mutation, mutate, numbersOf, someMutation, sourceOf } from '../../test/mutate.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { bertFile, llama2File, t5File } from '../../test/tokenizer-files.ts'
import { UserError } from '../errors.ts'
import { llamaConfig } from '../models/decoder-config.ts'
import { bertConfig, bertHead } from '../models/encoder-config.ts'
import { t5Config } from '../models/encoder-decoder-config.ts'
import { createModel, type ModelConfig } from '../models/model.ts'
import { loadTokenizer } from '../text/load.ts'
import { encodeGguf } from './gguf/encode.ts'
import { openGguf } from './gguf/gguf.ts'
import { readGgufModel } from './gguf/open.ts'
import { readGgufTokenizer } from './gguf/vocabulary/read.ts'
import { writeGgufTokenizer } from './gguf/vocabulary/write.ts'
import { ggufOf } from './gguf/write.ts'
import { readLlama2c } from './llama2c/llama2c.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 100

/** In milliseconds. */
const LIMIT = 60_000 + 60 * CASES

const sizes = { context: 4, layers: 1, dim: 8, heads: 2, hiddenDim: 8 }
const experts = { count: 2, perToken: 1, hiddenDim: 8, normalized: true, balance: 0.001 }

/** A small file of each kind, whole. */
const models: [(vocabSize: number) => ModelConfig, object][] = [
  [(vocabSize) => llamaConfig({ ...sizes, vocabSize, experts }), llama2File()],
  [
    (vocabSize) => bertConfig({ ...sizes, vocabSize, head: bertHead('classify', ['a', 'b']) }),
    bertFile(),
  ],
  [(vocabSize) => t5Config({ ...sizes, vocabSize }), t5File()],
]

const files = await Promise.all(
  models.map(async ([configOf, json]) => {
    const tokenizer = loadTokenizer(json)
    const config = configOf(tokenizer.vocabSize)
    const model = createModel(config)
    const weights = tinyWeights(model)
    const file = ggufOf(model, async (name) => weights[name] as Float32Array, 'f32')
    const options = { rows: tokenizer.vocabSize, addBos: false, chatTemplate: undefined }
    const metadata = new Map([...file.metadata, ...writeGgufTokenizer(tokenizer, options)])
    const bytes = await collect(encodeGguf({ ...file, metadata }))
    const { tensors } = await openGguf(sourceOf(bytes, () => undefined))
    const header = Math.min(...[...tensors.values()].map(({ offset }) => offset))
    return { bytes, fields: numbersOf(bytes, header) }
  }),
)

/** Memory that parameters take, counted as they are made. */
async function open(bytes: Uint8Array): Promise<void> {
  const gguf = await openGguf(sourceOf(bytes, () => undefined))
  const { json, config } = readGgufTokenizer(gguf.metadata)
  const tokenizer = loadTokenizer(json, config)
  expect(tokenizer.vocabSize).toBeLessThan(bytes.length)
  tokenizer.encode('the cat')
  const model = await readGgufModel(gguf)
  let held = 0
  for (const name of createModel(model.config).parameters().keys())
    held += (await model.read(name)).byteLength
  // A byte of a file is two numbers at most.
  expect(held).toBeLessThan(8 * bytes.length)
}

const mutations = fc.array(someMutation, { minLength: 1, maxLength: 3 })

it(
  `GGUF: survives ${CASES} mutations, imported in bounds or refused as the user's mistake`,
  async () => {
    for (const { bytes } of files) await open(bytes)
    let [opened, refused] = [0, 0]
    await fc.assert(
      fc.asyncProperty(fc.nat(files.length - 1), mutations, async (which, list) => {
        const { bytes, fields } = files[which] as (typeof files)[number]
        const damaged = list.reduce<Uint8Array>((file, one) => mutate(file, one, fields), bytes)
        try {
          await open(damaged)
          opened++
        } catch (error) {
          if (!(error instanceof UserError)) throw error
          refused++
        }
      }),
      { numRuns: CASES },
    )
    expect(opened).toBeGreaterThan(CASES / 20)
    expect(refused).toBeGreaterThan(CASES / 5)
  },
  LIMIT,
)

it.each([0, 2])(
  `llama2.c, version %i: survives ${CASES} mutations likewise`,
  async (version) => {
    const [dim, hiddenDim, layers, heads, kvHeads, vocabSize, context] = [8, 16, 2, 4, 2, 12, 6]
    const header = [dim, hiddenDim, layers, heads, kvHeads, vocabSize, context]
    const attention = 2 * dim * dim + (2 * dim * dim * kvHeads) / heads
    const layer = attention + 3 * dim * hiddenDim + 2 * dim
    const numbers = vocabSize * dim + layers * layer + dim + (context * dim) / heads
    const norms = (2 * layers + 1) * dim
    const matrices = vocabSize * dim + layers * (layer - 2 * dim)
    const whole =
      version === 0
        ? new Uint8Array(28 + 4 * numbers).fill(1)
        : new Uint8Array(256 + 4 * norms + matrices + 4 * (matrices / 8)).fill(1)
    const start = version === 0 ? 0 : 8
    new Int32Array(whole.buffer, start, 7).set(header)
    if (version === 2) {
      new Int32Array(whole.buffer, 0, 2).set([0x616b3432, version])
      new DataView(whole.buffer).setInt32(37, 8, true)
    }
    const read = async (bytes: Uint8Array) => {
      const { config, read } = await readLlama2c(
        sourceOf(bytes, () => undefined),
        'model.bin',
      )
      for (const name of createModel(config).parameters().keys()) await read(name)
    }
    await read(whole)
    let [opened, refused] = [0, 0]
    const fields = [0, 4, 8, 12, 16, 20, 24].map((field) => start + field)
    await fc.assert(
      fc.asyncProperty(mutations, async (list: Mutation[]) => {
        const damaged = list.reduce<Uint8Array>((file, one) => mutate(file, one, fields), whole)
        try {
          await read(damaged)
          opened++
        } catch (error) {
          if (!(error instanceof UserError)) throw error
          refused++
        }
      }),
      { numRuns: CASES },
    )
    expect(opened).toBeGreaterThan(CASES / 50)
    expect(refused).toBeGreaterThan(CASES / 4)
  },
  LIMIT,
)
