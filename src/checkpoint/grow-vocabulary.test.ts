import { expect, test } from 'vitest'
import { openModelOf } from '../../test/open-model.ts'
import { sizeOf } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { llamaConfig } from '../models/decoder-config.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { growVocabulary } from './grow-vocabulary.ts'

const config = llamaConfig({ vocabSize: 200, context: 8, layers: 1, dim: 8, heads: 2 })
const DIM = 8

/** Rows around 3, one apart; the last ten of 200 are padding. */
const weights = new Map(
  [...new Decoder(config).parameters()].map(([name, { shape }]) => {
    const value = (i: number) => (i < 190 * DIM ? 3 + (Math.floor(i / DIM) % 2 === 0 ? 1 : -1) : 0)
    return [name, Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i))]
  }),
)
const tokenizer = await trainCharTokenizer(['abc'])
const model = openModelOf(config, Object.fromEntries(weights), tokenizer)

async function rowsOf(grown: typeof model): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>()
  for (const [name, { shape }] of new Decoder(grown.config).parameters()) {
    const values = await grown.read(name)
    expect(values).toHaveLength(sizeOf(shape))
    // The same in memory that is given.
    expect(await grown.read(name, new Float32Array(values.length))).toEqual(values)
    found.set(name, values)
  }
  return found
}

test.each([
  // The zeros count: a twentieth of all rows.
  { where: 'beyond all rows', first: undefined, start: 200, mean: 2.85, variance: 1.38 },
  { where: 'in the place of padding', first: 190, start: 190, mean: 3, variance: 1 },
])('new tokens have rows that are like the others, and differ: $where', async (row) => {
  const { first, start } = row
  const grown = growVocabulary(model, 230, first)
  expect(grown.config.vocabSize).toBe(230)
  const parameters = await rowsOf(grown)
  for (const name of ['model.embed_tokens.weight', 'lm_head.weight']) {
    const rows = parameters.get(name) as Float32Array
    expect(Array.from(rows.slice(0, 2 * DIM))).toEqual([
      ...Array(DIM).fill(4),
      ...Array(DIM).fill(2),
    ])
    const fresh = Array.from(rows.slice(start * DIM))
    const average = (of: (x: number) => number) =>
      fresh.reduce((sum, x) => sum + of(x), 0) / fresh.length
    expect(Math.abs(average((x) => x) - row.mean)).toBeLessThan(0.3)
    expect(Math.abs(average((x) => (x - row.mean) ** 2) - row.variance)).toBeLessThan(0.4)
    expect(rows.slice(-DIM)).not.toEqual(rows.slice(-2 * DIM, -DIM))
  }
  expect(await rowsOf(growVocabulary(model, 230, first))).toEqual(parameters)
})

test('a vocabulary that has all tokens stays as it is', () => {
  expect(growVocabulary(model, 200)).toBe(model)
  expect(growVocabulary(model, 190, 190)).toBe(model)
})
