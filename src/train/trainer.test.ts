import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { growth } from '../../test/memory.ts'
import { tinyConfigs } from '../../test/tiny-decoder.ts'
import { cutExamples, type Examples } from '../data/batch.ts'
import {
  add,
  exp,
  input,
  linearCrossEntropy,
  log,
  neg,
  reshape,
  split,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../models/decoder-config.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import { Random } from '../random.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { adamW, OPTIMIZERS, type OptimizerName, sgd } from './optimizers/index.ts'
import type { ParameterVector } from './parameter-store.ts'
import { DivergenceError, Trainer, type TrainerOptions } from './trainer.ts'

let engine: Engine
beforeAll(async () => {
  engine = await openEngine({ engine: 'cpu', threads: 2 })
})
afterAll(() => engine.dispose())

const sizes = { vocabSize: 11, context: 8, layers: 2, dim: 16, heads: 2 }

/** Sequences that count upwards modulo the vocabulary. */
function countingBatch(rows: number, length: number, random: Random): Examples {
  const ids = new Int32Array(rows * length)
  for (let row = 0; row < rows; row++) {
    const start = random.integer(11)
    for (let i = 0; i < length; i++) ids[row * length + i] = (start + i) % 11
  }
  const targets = ids.map((id) => (id + 1) % 11)
  return { rows, length, arrays: { ids, targets }, count: rows * length }
}

const dataOf = ({ data }: DeviceTensor) => data as Float32Array

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

test('a step may have fewer examples than there is room for', async () => {
  const run = async (batch: number) => {
    const trainer = await createTrainer({ batch, optimizer: sgd() })
    const random = new Random(2)
    // The first fills all shards, whose gradients must not be those of the second.
    await trainer.next(countingBatch(batch, 8, random), 0)
    const { loss } = await trainer.next(countingBatch(3, 8, new Random(3)), 0.5)
    const values = Float32Array.from(
      (await trainer.values.tensor('model.norm.weight').read()) as Float32Array,
    )
    const { plan } = trainer
    await trainer.dispose()
    return { loss, values, plan }
  }
  const [exact, wide] = [await run(3), await run(16)]
  expect(wide.plan).toEqual({ rows: 8, shards: 2, count: 2 })
  expect(wide.loss).toBeCloseTo(exact.loss, 6)
  for (const [i, value] of exact.values.entries()) expect(wide.values[i]).toBeCloseTo(value, 6)
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
      optimizer: OPTIMIZERS[name].create({}),
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

describe('freezing', () => {
  const snapshot = async (tensors: Readonly<Record<string, DeviceTensor>>) => {
    const entries = Object.entries(tensors).map(
      async ([name, t]) => [name, await t.read()] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }
  const batch = () => countingBatch(4, 8, new Random(2))

  test('parameters stay as they are; the others learn as if all did, in one step', async () => {
    const options = { optimizer: sgd(), clip: undefined, weightDecay: 0 }
    const [all, some] = [
      await createTrainer(options),
      await createTrainer({ ...options, freeze: ['model.embed*', '*.layers.0.*'] }),
    ]
    const before = await snapshot(some.parameters)
    expect(await snapshot(all.parameters)).toEqual(before)
    const losses = [(await all.next(batch(), 0.1)).loss, (await some.next(batch(), 0.1)).loss]
    expect(losses[1]).toBeCloseTo(losses[0] as number, 5)
    const [whole, part] = [await snapshot(all.parameters), await snapshot(some.parameters)]
    for (const [name, values] of Object.entries(part)) {
      const isFrozen = /embed|layers\.0\./.test(name)
      expect(isFrozen).toBe(!some.values.layout.shapes.has(name))
      if (isFrozen) expect(values).toEqual(before[name])
      else expect(values).not.toEqual(before[name])
      if (!isFrozen)
        for (const [i, value] of values.entries())
          expect(value).toBeCloseTo(Number(whole[name]?.[i]), 5)
    }
    for (const trainer of [all, some]) await trainer.dispose()
  })

  test('takes no optimizer state, and checkpoints hold what is frozen apart', async () => {
    const trainer = await createTrainer({ learn: ['*.norm.*', '*layernorm*'], freeze: ['*.bias'] })
    const names = [...trainer.values.layout.shapes.keys()]
    expect(names).toContain('model.norm.weight')
    expect(names.every((name) => /norm.*weight$/.test(name))).toBe(true)
    const { frozen, ...learned } = Object.fromEntries(
      [...trainer.vectors].map(([kind, tensors]) => [kind, Object.keys(tensors)]),
    )
    expect(learned).toEqual({ parameters: names, mean: names, square: names })
    expect([...(frozen ?? []), ...names].sort()).toEqual(
      [...trainer.model.parameters().keys()].sort(),
    )
    await trainer.dispose()
  })

  test('of what is not there is refused, with the names that are', async () => {
    const wrong = createTrainer({ freeze: ['model.layer.*'] })
    await expect(wrong).rejects.toThrow(
      /^--freeze model\.layer\.\* matches no parameter; give one of model\.embed_tokens\.weight, /,
    )
    await expect(wrong).rejects.toThrow(' model.layers.*.mlp.up_proj.weight, ')
    await expect(createTrainer({ learn: ['*.norm.*', 'x'] })).rejects.toThrow('--learn x matches')
    await expect(createTrainer({ freeze: ['*'] })).rejects.toThrow('leave nothing to learn')
  })
})

describe('a hook on the summed gradients', () => {
  test('changes the norm and the step', async () => {
    const options = { batch: 16, optimizer: sgd(), clip: undefined, l2: 0.1, weightDecay: 0 }
    const halve = (gradients: ParameterVector) => {
      for (const piece of gradients.pieces)
        for (const [i, x] of dataOf(piece).entries()) dataOf(piece)[i] = x / 2
    }
    const [plain, hooked] = [
      await createTrainer(options),
      await createTrainer({ ...options, onGradients: halve }),
    ]
    const batch = countingBatch(16, 8, new Random(2))
    const [whole, half] = [await plain.next(batch, 0.1), await hooked.next(batch, 0.2)]
    expect(half.gradientNorm).toBeCloseTo(whole.gradientNorm / 2, 5)
    for (const [name, tensor] of Object.entries(plain.parameters))
      for (const [i, x] of dataOf(tensor).entries())
        expect(dataOf(hooked.parameters[name] as DeviceTensor)[i]).toBeCloseTo(x, 5)
    for (const trainer of [plain, hooked]) await trainer.dispose()
  })

  test('averages two halves of a batch to the whole', async () => {
    const options = { optimizer: sgd(), weightDecay: 0.1, l1: 1e-3 }
    const halves: ParameterVector[] = []
    let release = () => {}
    const both = new Promise<void>((resolve) => {
      release = resolve
    })
    const average = async (gradients: ParameterVector) => {
      halves.push(gradients)
      if (halves.length < 2) return both
      for (const name of gradients.layout.shapes.keys()) {
        const [a, b] = halves.map((half) => dataOf(half.tensor(name))) as [
          Float32Array,
          Float32Array,
        ]
        for (let i = 0; i < a.length; i++) a[i] = b[i] = ((a[i] as number) + (b[i] as number)) / 2
      }
      release()
    }
    const whole = await createTrainer({ batch: 8, ...options })
    const parts = [
      await createTrainer({ batch: 4, ...options, onGradients: average }),
      await createTrainer({ batch: 4, ...options, onGradients: average }),
    ]
    const batch = countingBatch(8, 8, new Random(2))
    const half = (i: number): Examples => ({
      rows: 4,
      length: 8,
      arrays: cutExamples(batch, 4)[i] ?? {},
      count: 32,
    })
    const expected = await whole.next(batch, 0.3)
    const results = await Promise.all(parts.map((trainer, i) => trainer.next(half(i), 0.3)))
    for (const { gradientNorm } of results)
      expect(gradientNorm).toBeCloseTo(expected.gradientNorm, 5)
    for (const [name, tensor] of Object.entries(whole.parameters))
      for (const [i, x] of dataOf(tensor).entries())
        for (const trainer of parts)
          expect(dataOf(trainer.parameters[name] as DeviceTensor)[i]).toBeCloseTo(x, 5)
    for (const trainer of [whole, ...parts]) await trainer.dispose()
  })
})

test.each([
  ['a decoder', gpt2Config({ ...sizes, residualDropout: 0.2 })],
  ['rotary positions and experts', tinyConfigs.Mixtral as DecoderConfig],
])('recomputed layers learn the same: %s', async (_, config) => {
  const model = () => new Decoder(config)
  const options = { optimizer: sgd(), rate: 0.3 }
  const kept = await parametersAfter(3, { model: model(), ...options })
  const recomputed = await parametersAfter(3, { model: model(), ...options, recompute: true })
  expect(recomputed.losses[0]).toBe(kept.losses[0])
  for (const [i, loss] of kept.losses.entries()) expect(recomputed.losses[i]).toBeCloseTo(loss, 5)
  for (const [name, values] of kept.values)
    for (const [i, value] of values.entries())
      expect(recomputed.values.get(name)?.[i]).toBeCloseTo(value, 5)
})

test('a policy learns beside a frozen reference in one graph', async () => {
  const policy = new Decoder(gpt2Config(sizes))
  const reference = new Decoder(gpt2Config(sizes), { scope: 'reference' })
  const tokenLosses = (model: Decoder, ids: Tensor, targets: Tensor) =>
    linearCrossEntropy(model.hidden(ids), model.outputWeight, reshape(targets, [32])).losses
  /** DPO (Rafailov et al. 2023): rows 0 and 1 are preferred to rows 2 and 3. */
  const objective: ObjectiveBuilder = ({ rows }) => {
    const inputs = {
      ids: input('ids', 'int32', [rows, 8]),
      targets: input('targets', 'int32', [rows, 8]),
    }
    const losses = [policy, reference].map((model) =>
      sum(reshape(tokenLosses(model, inputs.ids, inputs.targets), [rows, 8]), 1),
    ) as [Tensor, Tensor]
    const rewards = sub(losses[1], losses[0])
    const [better, worse] = split(rewards, [2, 2], 0) as [Tensor, Tensor]
    const margin = sum(sub(better, worse))
    return { inputs, loss: log(add(1, exp(neg(margin)))), metrics: { margin } }
  }
  const frozen: Record<string, DeviceTensor> = {}
  for (const { name, shape } of reference.parameters().values())
    frozen[name] = engine.tensor('float32', shape)
  const trainer = await createTrainer({ model: policy, objective, frozen, wholeBatch: true })
  const start = trainer.values.bindings()
  for (const [name, tensor] of Object.entries(reference.inputs(start)))
    frozen[name]?.write(await tensor.read())
  const readFrozen = () => Promise.all(Object.values(frozen).map((tensor) => tensor.read()))
  const before = await readFrozen()
  const batch = countingBatch(4, 8, new Random(2))
  const margins: number[] = []
  for (let i = 0; i < 5; i++)
    margins.push((await trainer.next(batch, 3e-3)).metrics.margin as number)
  expect(margins[0]).toBe(0)
  for (let i = 1; i < 5; i++) expect(margins[i]).toBeGreaterThan(margins[i - 1] as number)
  expect(await readFrozen()).toEqual(before)
  await expect(createTrainer({ model: reference })).rejects.toThrow('has the scope reference')
  await trainer.dispose()
  for (const tensor of Object.values(frozen)) tensor.dispose()
})

test('a wrong call is refused with what is expected', async () => {
  const wrong = (given: unknown) => Trainer.create(given as TrainerOptions)
  await expect(wrong(undefined)).rejects.toThrow('expected object')
  await expect(wrong({ engine, batch: 1.5 })).rejects.toThrow(/model: expected a model; .*batch: /)
})
