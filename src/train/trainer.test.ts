import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { growth } from '../../test/memory.ts'
import type { Batch } from '../data/batch.ts'
import { Decoder } from '../models/decoder.ts'
import { gpt2Config, llamaConfig } from '../models/decoder-config.ts'
import { Random } from '../random.ts'
import type { Engine } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { adamW, OPTIMIZERS, type OptimizerName, sgd } from './optimizers/index.ts'
import { DivergenceError, Trainer, type TrainerOptions } from './trainer.ts'

let engine: Engine
beforeAll(async () => {
  engine = await openEngine({ engine: 'cpu', threads: 2 })
})
afterAll(() => engine.dispose())

const sizes = { vocabSize: 11, context: 8, layers: 2, dim: 16, heads: 2 }

/** Sequences that count upwards modulo the vocabulary. */
function countingBatch(rows: number, length: number, random: Random): Batch {
  const inputs = new Int32Array(rows * length)
  for (let row = 0; row < rows; row++) {
    const start = random.integer(11)
    for (let i = 0; i < length; i++) inputs[row * length + i] = (start + i) % 11
  }
  return { inputs, targets: inputs.map((id) => (id + 1) % 11), rows, length }
}

const createTrainer = (options: Partial<TrainerOptions> = {}) =>
  Trainer.create({
    engine,
    model: new Decoder(gpt2Config(sizes)),
    batch: 4,
    length: 8,
    optimizer: adamW(),
    weightDecay: 0.1,
    clip: { by: 'norm', limit: 1 },
    seed: 1,
    ...options,
  })

async function parametersAfter(
  steps: number,
  { rate = 3e-3, ...options }: Partial<TrainerOptions> & { rate?: number } = {},
) {
  const trainer = await createTrainer(options)
  const random = new Random(2)
  const losses: number[] = []
  for (let i = 0; i < steps; i++)
    losses.push((await trainer.next(countingBatch(options.batch ?? 4, 8, random), rate)).loss)
  const values = new Map<string, Float32Array>()
  for (const name of trainer.values.layout.shapes.keys())
    values.set(name, Float32Array.from((await trainer.values.tensor(name).read()) as Float32Array))
  await trainer.dispose()
  return { losses, values }
}

describe('one seed', () => {
  test('gives the same run to the last bit', async () => {
    const [first, second] = [await parametersAfter(5), await parametersAfter(5)]
    expect(second.losses).toEqual(first.losses)
    for (const [name, values] of first.values) expect(second.values.get(name)).toEqual(values)
  })

  test('with dropout too', async () => {
    const model = () =>
      new Decoder(gpt2Config({ ...sizes, residualDropout: 0.3, stochasticDepth: 0.1 }))
    const first = await parametersAfter(5, { model: model() })
    const second = await parametersAfter(5, { model: model() })
    expect(second.losses).toEqual(first.losses)
    const without = await parametersAfter(5)
    expect(second.losses).not.toEqual(without.losses)
  })
})

test('micro-batches add up to the gradient of the whole batch', async () => {
  // Not AdamW: it would blow up the rounding of gradients that are zero but for it.
  const options = { batch: 16, optimizer: sgd(), rate: 0.5 }
  const cut = await createTrainer({ batch: 16 })
  expect(cut.plan).toEqual({ rows: 8, shards: 2, count: 2 })
  await cut.dispose()
  const sharded = await parametersAfter(3, options)
  const alone = await openEngine({ engine: 'cpu', threads: 1 })
  const whole = await parametersAfter(3, { engine: alone, ...options })
  for (const [name, values] of whole.values)
    for (const [i, value] of values.entries())
      expect(sharded.values.get(name)?.[i]).toBeCloseTo(value, 5)
  await alone.dispose()
})

describe.each(Object.keys(OPTIMIZERS) as OptimizerName[])('%s', (name) => {
  test('learns to count', async () => {
    const rate = {
      sgd: 0.3,
      momentum: 0.1,
      nesterov: 0.1,
      lion: 1e-3,
      adam: 1e-2,
      adamw: 1e-2,
      muon: 1e-2,
    }
    const weightDecay = name === 'adam' ? 0 : 0.01
    const { losses } = await parametersAfter(120, {
      optimizer: OPTIMIZERS[name]({}),
      rate: rate[name],
      weightDecay,
      model: new Decoder(llamaConfig(sizes)),
    })
    expect(losses[0]).toBeGreaterThan(2.2)
    expect(losses.at(-1)).toBeLessThan(1)
  })
})

test('a loss without a number is reported with its tensor, and changes nothing', async () => {
  const trainer = await createTrainer()
  const random = new Random(3)
  await trainer.next(countingBatch(4, 8, random), 3e-3)
  const weight = trainer.values.tensor('model.layers.1.mlp.up_proj.weight')
  const before = Float32Array.from((await weight.read()) as Float32Array)
  const broken = before.slice()
  broken[7] = Number.NaN
  weight.write(broken)
  await expect(trainer.next(countingBatch(4, 8, random), 3e-3)).rejects.toThrow(DivergenceError)
  expect(trainer.step).toBe(1)
  weight.write(before)
  const { loss } = await trainer.next(countingBatch(4, 8, random), 3e-3)
  expect(loss).toBeLessThan(3)
  await trainer.dispose()
})

test('memory stays flat', async () => {
  const trainer = await createTrainer()
  const random = new Random(3)
  const steps = process.env.CHECK_LONG ? 10_000 : 300
  const grown = await growth(async () => {
    for (let i = 0; i < steps; i++) await trainer.next(countingBatch(4, 8, random), 1e-3)
  })
  expect(grown).toBeLessThan(4)
  await trainer.dispose()
}, 600_000)
