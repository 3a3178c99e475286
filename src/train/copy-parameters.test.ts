import { afterAll, expect, test } from 'vitest'
import { openModelOf } from '../../test/open-model.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { openEngine } from '../runtime/open.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { copyParameters } from './copy-parameters.ts'
import { ParameterLayout } from './parameter-store.ts'

const engine = await openEngine({ engine: 'cpu', threads: 1 })
afterAll(() => engine.dispose())

const config = tinyConfigs.Llama as DecoderConfig
const weights = tinyWeights(new Decoder(config))

/** The embedding after a model whose tokenizer has `known` tokens was copied into one of `rows`. */
async function copied(known: number, tokens: number): Promise<Float32Array> {
  const rows = Math.max(tokens, config.vocabSize)
  const trained = openModelOf(config, weights, { vocabSize: known } as Tokenizer)
  const model = new Decoder({ ...config, vocabSize: rows })
  const groups = [{ names: [...model.parameters().keys()], optimizer: { wholeMatrix: false } }]
  const values = new ParameterLayout(model.parameters(), groups as never, engine).vector(engine)
  await copyParameters(trained, values.bindings(), { tokens })
  const read = async (name: string) => (await values.tensor(name).read()) as Float32Array
  for (const [name, expected] of Object.entries(weights)) {
    const isDrawn = tokens > known && /embed_tokens|lm_head/.test(name)
    const size = isDrawn ? known * config.dim : expected.length
    expect((await read(name)).slice(0, size)).toEqual(expected.slice(0, size))
  }
  const embedding = await read('model.embed_tokens.weight')
  values.dispose()
  return embedding
}

test('copies what was learned; rows of new tokens resemble the others, and differ', async () => {
  const embedding = await copied(config.vocabSize, config.vocabSize + 20)
  const rows = embedding.slice(config.vocabSize * config.dim)
  const [first, second] = [rows.slice(0, config.dim), rows.slice(config.dim, 2 * config.dim)]
  expect(first).not.toEqual(second)
  expect(rows.every((x) => Number.isFinite(x) && x !== 0)).toBe(true)
})

test('rows of padding are drawn anew for new tokens, and only for those', async () => {
  const known = config.vocabSize - 3
  const file = weights['model.embed_tokens.weight'] as Float32Array
  expect(await copied(known, known)).toEqual(file)
  const embedding = await copied(known, known + 1)
  expect(embedding).toHaveLength(file.length)
  const start = known * config.dim
  expect(embedding.slice(start).some((x, i) => x === file[start + i])).toBe(false)
})
