import { afterAll, describe, expect, test } from 'vitest'
import { tinyConfigs, tinyWeights, uncachedLogits } from '../../test/tiny-decoder.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { Random } from '../random.ts'
import { openEngine } from '../runtime/open.ts'
import { DecodeProgram } from './decode-program.ts'
import { Decoding } from './decoding.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const open = async (config: DecoderConfig) => {
  const decoder = new Decoder(config)
  const weights = tinyWeights(decoder)
  const program = await DecodeProgram.create(engine, decoder, { packed: weights })
  const expected = (ids: readonly number[]) => uncachedLogits(engine, decoder, weights, ids)
  return { decoder, weights, program, expected }
}

const randomIds = (length: number, seed = 5) => {
  const random = new Random(seed)
  return Array.from({ length }, () => random.integer(61))
}

const distance = (a: Float32Array | undefined, b: Float32Array | undefined) =>
  (a as Float32Array).reduce((most, x, i) => Math.max(most, Math.abs(x - (b?.[i] as number))), 0)

describe.each(Object.entries(tinyConfigs))('%s', (_, config) => {
  test('logits after each token are those of the whole sequence without a cache', async () => {
    const { program, expected } = await open(config)
    const ids = randomIds(20)
    const twin = await expected(ids)
    expect(Math.max(...(twin[9] as Float32Array))).toBeGreaterThan(0.5)
    const decoding = Decoding.create(program, { sequences: 1, capacity: 20 })
    for (const [i, id] of ids.entries()) {
      const [logits] = await decoding.step(Int32Array.of(id))
      expect(distance(logits, twin[i])).toBeLessThan(1e-4)
    }
    decoding.dispose()
    program.dispose()
  })

  test('a prompt read in pieces of any length leaves the same cache', async () => {
    const { program, expected } = await open(config)
    const ids = randomIds(30)
    const twin = await expected(ids)
    for (const cuts of [[29], [1, 28], [7, 5, 17], [28, 1]]) {
      const decoding = Decoding.create(program, { sequences: 1, capacity: 48 })
      let read = 0
      for (const cut of cuts) {
        await decoding.read(0, ids.slice(read, read + cut))
        read += cut
      }
      const [logits] = await decoding.step(Int32Array.of(ids[29] as number))
      expect(distance(logits, twin[29])).toBeLessThan(1e-4)
      expect(decoding.length(0)).toBe(30)
      decoding.dispose()
    }
    program.dispose()
  })

  test('sequences of different lengths are decoded together, and leave one by one', async () => {
    const { program, expected } = await open(config)
    const sequences = [3, 17, 1, 9].map((length, i) => randomIds(length + 12, i))
    const twins = await Promise.all(sequences.map(expected))
    const decoding = Decoding.create(program, { sequences: 4, capacity: 40 })
    for (const [row, ids] of sequences.entries()) await decoding.read(row, ids.slice(0, -12))
    let rows = [0, 1, 2, 3]
    for (let i = 0; i < 12; i++) {
      const next = rows.map((s) => sequences[s]?.at(i - 12) as number)
      const logits = await decoding.step(Int32Array.from(next))
      for (const [row, s] of rows.entries()) {
        const position = (sequences[s]?.length ?? 0) - 12 + i
        expect(distance(logits[row], twins[s]?.[position])).toBeLessThan(1e-4)
      }
      if (i % 4 === 2) {
        decoding.remove(0)
        rows = [rows.at(-1) as number, ...rows.slice(1, -1)]
        expect(decoding.count).toBe(rows.length)
      }
    }
    decoding.dispose()
    program.dispose()
  })
})

test('a sequence is taken back to what it read first', async () => {
  const { program, expected } = await open(tinyConfigs.Llama as DecoderConfig)
  const ids = randomIds(12)
  const decoding = Decoding.create(program, { sequences: 1, capacity: 16 })
  await decoding.read(0, [...ids.slice(0, 8), 1, 2, 3, 4])
  decoding.seek(0, 8)
  await decoding.read(0, ids.slice(8, 11))
  const [logits] = await decoding.step(Int32Array.of(ids[11] as number))
  expect(distance(logits, (await expected(ids))[11])).toBeLessThan(1e-4)
  await expect(decoding.read(0, randomIds(5))).rejects.toThrow(
    'sequence 0: 17 tokens do not fit a cache of 16',
  )
  decoding.dispose()
  program.dispose()
})
