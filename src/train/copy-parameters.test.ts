import { afterAll, expect, test } from 'vitest'
import { openModelOf } from '../../test/open-model.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { copyParameters } from './copy-parameters.ts'
import { ParameterLayout } from './parameter-store.ts'

const engine = await openEngine({ engine: 'cpu', threads: 1 })
afterAll(() => engine.dispose())

const config = tinyConfigs.Llama as DecoderConfig
const weights = tinyWeights(new Decoder(config))
const trained = openModelOf(config, weights, await trainCharTokenizer(['abc']))

test('copies what was learned; rows of new tokens resemble the others, and differ', async () => {
  const grown = new Decoder({ ...config, vocabSize: config.vocabSize + 20 })
  const groups = [{ names: [...grown.parameters().keys()], optimizer: { wholeMatrix: false } }]
  const layout = new ParameterLayout(grown.parameters(), groups as never, engine)
  const values = layout.vector(engine)
  await copyParameters(trained, values.bindings())
  const read = async (name: string) => (await values.tensor(name).read()) as Float32Array
  for (const [name, expected] of Object.entries(weights)) {
    const found = await read(name)
    expect(found.slice(0, expected.length)).toEqual(expected)
  }
  const rows = (await read('model.embed_tokens.weight')).slice(config.vocabSize * config.dim)
  const [first, second] = [rows.slice(0, config.dim), rows.slice(config.dim, 2 * config.dim)]
  expect(first).not.toEqual(second)
  expect(rows.every((x) => Number.isFinite(x) && x !== 0)).toBe(true)
  values.dispose()
})
