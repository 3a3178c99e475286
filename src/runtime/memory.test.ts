import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { Decoder } from '../models/decoder.ts'
import { gpt2Config } from '../models/decoder-config.ts'
import { countParameters } from '../models/model.ts'
import { type TrainOptions, trainOptions } from '../train/options.ts'
import { train } from '../train/train.ts'
import { expectMemory, peakMemory, trainingBytes, weightBytes } from './memory.ts'
import { openEngine } from './open.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-needed-memory-'))
  await writeFile(join(folder, 'text.txt'), 'a small text, 一段短文。\n'.repeat(200))
})
afterAll(() => rm(folder, { recursive: true }))

const sizes = { vocabSize: 10, context: 8, layers: 2, dim: 16, heads: 2 }

test('weights, by hand', () => {
  // Of each layer: queries, keys, values and output (16 x 16), and two of 16 x 64.
  expect(weightBytes(new Decoder(gpt2Config(sizes)))).toBe(4 * 2 * (4 * 256 + 2 * 1024))
})

test('training, by hand', () => {
  const model = new Decoder(gpt2Config(sizes))
  const learned = countParameters(model)
  const given = { model, learned, states: 2, batch: 3, length: 5 }
  const activations = 5 * 2 * (4 * 16 + 64)
  expect(trainingBytes(given)).toBe(4 * (4 * learned + 2 * 3 * 5 + activations))
  const recomputed = trainingBytes({ ...given, recompute: true })
  expect(recomputed).toBe(4 * (4 * learned + 2 * 3 * 5 + 5 * 2 * 16))
})

test('what does not fit is refused with both figures', () => {
  expect(() => expectMemory('this', 2e9, 'do less', 1e9)).toThrow(
    'this needs at least 2.00 GB of memory, and 1.00 GB are available; do less',
  )
  expect(() => expectMemory('this', 1e9, 'do less', 1e9)).not.toThrow()
})

describe('a training that cannot fit is refused before it allocates', () => {
  const run = (options: Partial<TrainOptions>) => {
    const small = { layers: 1, heads: 1, dim: 16, context: 16, tokenizer: 'char', threads: 1 }
    const out = join(folder, 'out')
    return train({ data: [join(folder, 'text.txt')], out, ...small, ...options })
  }

  test.each<[Partial<TrainOptions>]>([
    [{ batch: 1e12 }],
    [{ accumulate: 1e12 }],
    [{ batch: Number.MAX_SAFE_INTEGER, accumulate: Number.MAX_SAFE_INTEGER }],
    [{ dim: 1e7, heads: 1 }],
    [{ hiddenDim: 1e12 }],
    [{ layers: 1000, dim: 100_000 }],
  ])('%o', async (options) => {
    const made = run(options)
    await expect(made).rejects.toThrow(UserError)
    await expect(made).rejects.toThrow(/needs at least .* GB of memory, and .* available; choose/)
    expect(await readdir(join(folder, 'out')).catch(() => [])).not.toContain('checkpoints')
  })
})

test('more threads than help are refused', async () => {
  await expect(openEngine({ threads: 10_000 })).rejects.toThrow(/threads is 10000, .* at most \d+$/)
  expect(trainOptions.shape.threads.safeParse(2).success).toBe(true)
})

test('peak memory remembers what resident memory has forgotten', async () => {
  const engine = await openEngine({ engine: 'cpu', threads: 1 })
  const tensor = engine.tensor('uint8', [100_000_000])
  tensor.data?.fill(1 as never)
  const held = process.memoryUsage.rss()
  expect(peakMemory()).toBeGreaterThanOrEqual(held - (1 << 20))
  tensor.dispose()
  expect(held - process.memoryUsage.rss()).toBeGreaterThan(90_000_000)
  expect(peakMemory()).toBeGreaterThanOrEqual(held - (1 << 20))
  await engine.dispose()
})
