import { afterAll, describe, expect, test } from 'vitest'
import { tinyConfigs, tinyWeights, uncachedLogits } from '../../test/tiny-decoder.ts'
import { Decoder } from '../models/decoder.ts'
import type { StackConfig } from '../models/stack-config.ts'
import { rotaryTables } from '../nn/index.ts'
import { Random } from '../random.ts'
import { openEngine } from '../runtime/open.ts'
import { DecodeProgram } from './decode-program.ts'
import { Decoding } from './decoding.ts'
import { RotaryMemory } from './rotary-memory.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const configs = Object.values(tinyConfigs)
const rotary = configs.find(({ positions }) => positions === 'rotary') as (typeof configs)[number]

describe('RotaryMemory', () => {
  test('has tables for as many positions as are in use', () => {
    const scaling = { kind: 'dynamic', factor: 2, original: 100 } as const
    const config: StackConfig = {
      ...rotary,
      context: 10_000_000,
      ropeScaling: scaling,
      windowRopeTheta: 77,
    }
    const memory = new RotaryMemory(engine, config)
    expect([1, 1024, 1025, 3000].map((length) => memory.rows(length))).toEqual([
      1024, 1024, 2048, 4096,
    ])
    const tables = memory.tables(1500)
    expect(memory.tables(2048)).toBe(tables)
    const { headDim, context, ropeTheta: theta } = config
    expect(tables['rotary.sin']?.shape).toEqual([2048, headDim / 2])
    // Frequencies are those of the whole context.
    const [cos] = rotaryTables({ theta, scaling, headDim, context, rows: 2048 })
    expect(tables['rotary.cos']?.data).toEqual(cos)
    const [, sin] = rotaryTables({ theta: 77, headDim, context: 2048 })
    expect(tables['windowRotary.sin']?.data).toEqual(sin)
    memory.dispose()
    expect(new RotaryMemory(engine, { ...config, context: 48 }).rows(48)).toBe(48)
    expect(new RotaryMemory(engine, { ...config, positions: 'none' }).tables(5)).toEqual({})
  })

  test('changes nothing where a text grows beyond its first tables', async () => {
    const decoder = new Decoder({ ...rotary, context: 1 << 24 })
    const weights = tinyWeights(decoder)
    const program = await DecodeProgram.create(engine, decoder, { packed: weights })
    const random = new Random(5)
    const ids = Array.from({ length: 1030 }, () => random.integer(61))
    const decoding = Decoding.create(program, { sequences: 1, capacity: 1100 })
    await decoding.read(0, ids.slice(0, 1020))
    const twin = await uncachedLogits(engine, decoder, weights, ids)
    for (const [i, id] of ids.entries()) {
      if (i < 1020) continue
      const [logits] = await decoding.step(Int32Array.of(id))
      for (const [token, value] of (logits as Float32Array).entries())
        expect(Math.abs(value - (twin[i]?.[token] as number))).toBeLessThan(1e-4)
    }
    decoding.dispose()
    program.dispose()
  })
})
