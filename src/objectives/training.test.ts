import { afterAll, describe, expect, test } from 'vitest'
import { tinyEncoderDecoders, tinyEncoders } from '../../test/tiny-models.ts'
import { LossMeter } from '../evaluate/loss-meter.ts'
import { grad, KEY_SIZE, type Tensor } from '../graph/index.ts'
import { Encoder } from '../models/encoder.ts'
import type { EncoderConfig } from '../models/encoder-config.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { EncoderDecoderConfig } from '../models/encoder-decoder-config.ts'
import type { Model } from '../models/model.ts'
import { initialize } from '../models/parameters.ts'
import { Random } from '../random.ts'
import { compile } from '../runtime/compile.ts'
import { openEngine } from '../runtime/open.ts'
import { adamW } from '../train/optimizers/index.ts'
import { Trainer } from '../train/trainer.ts'
import { classificationObjective, taggingObjective } from './classification.ts'
import type { ObjectiveBuilder, ObjectiveSizes } from './objective.ts'
import { sequenceToSequenceObjective } from './sequence-to-sequence.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const random = new Random(3)
const ids = (count: number, below: number) =>
  Int32Array.from({ length: count }, () => random.integer(below))

const encoder = (name: string, dropout = 0) =>
  new Encoder({ ...(tinyEncoders[name] as EncoderConfig), residualDropout: dropout })

/** Rows of 6 tokens; the last row is padded. */
const texts = (rows: number) => ({
  ids: ids(6 * rows, 61),
  types: ids(6 * rows, 2),
  mask: new Float32Array(6 * rows).fill(1, 0, 6 * rows - 2),
})

/** The loss, and the derivative of every parameter. */
async function derivatives(model: Model, objective: ObjectiveBuilder, recompute: boolean) {
  const { loss } = objective({ rows: 3, dropout: true, recompute })
  const names = [...model.parameters().keys()]
  const gradients = grad(
    loss,
    [...model.parameters().values()].map(({ tensor }) => tensor),
  )
  const outputs: Record<string, Tensor> = { loss }
  for (const [i, gradient] of gradients.entries()) outputs[`gradient.${names[i]}`] = gradient
  const packed: Record<string, Float32Array> = {}
  initialize(model, new Random(1), (name) => {
    const size = model
      .parameters()
      .get(name)
      ?.shape.reduce((a, b) => a * b, 1)
    packed[name] = new Float32Array(size as number)
    return packed[name]
  })
  return compile(engine, outputs, { weights: { packed } })
}

describe('recomputed layers have the same derivatives', () => {
  const seq2seq = (name: string) => {
    const model = new EncoderDecoder(tinyEncoderDecoders[name] as EncoderDecoderConfig)
    const sizes = { sourceLength: 6, length: 4 }
    return {
      model,
      objective: (given: ObjectiveSizes) =>
        sequenceToSequenceObjective(model, { ...given, ...sizes }),
    }
  }
  const classifier = encoder('BERT that classifies', 0.2)
  test.each([
    ['T5 1.1', seq2seq('T5 1.1')],
    ['the Transformer of 2017', seq2seq('the Transformer of 2017')],
    [
      'BERT that classifies',
      {
        model: classifier,
        objective: (given: ObjectiveSizes) =>
          classificationObjective(classifier, { ...given, length: 6 }),
      },
    ],
  ])('%s', async (_, { model, objective }) => {
    const read = texts(3)
    const feeds = {
      ...read,
      source: read.ids,
      ...(model instanceof EncoderDecoder && { ids: ids(12, 61), targets: ids(12, 61) }),
      ...(model instanceof Encoder && { targets: Int32Array.of(2, 0, 1) }),
      weight: [1 / 3],
      key: Float32Array.from(ids(KEY_SIZE, 2000)),
    }
    const [kept, recomputed] = await Promise.all(
      [false, true].map(async (recompute) => {
        const compiled = await derivatives(model, objective, recompute)
        const values = await compiled(feeds)
        compiled.dispose()
        return values
      }),
    )
    expect(recomputed?.loss?.[0]).toBe(kept?.loss?.[0])
    for (const [name, values] of Object.entries(kept ?? {}))
      for (const [i, x] of values.entries())
        expect(Math.abs(Number(x) - Number(recomputed?.[name]?.[i]))).toBeLessThan(1e-5)
  })
})

describe('accuracy is reported beside the loss', () => {
  const classify = encoder('BERT that classifies')
  const tags = encoder('BERT that tags')
  test.each([
    [
      'labels of texts',
      classify,
      (given: ObjectiveSizes) => classificationObjective(classify, { ...given, length: 6 }),
      Int32Array.of(0, 1, 2, 1, 1, 0, 2, -100),
    ],
    [
      'tags of words',
      tags,
      (given: ObjectiveSizes) => taggingObjective(tags, { ...given, length: 6 }),
      ids(48, 3).map((tag, i) => (i % 5 === 0 ? -100 : tag)),
    ],
  ])('%s', async (_, model, objective, targets) => {
    const count = targets.filter((target) => target >= 0).length
    const batch = { rows: 8, length: 6, arrays: { ...texts(8), targets }, count }
    const trainer = await Trainer.create({
      engine,
      model,
      objective,
      batch: 8,
      length: 6,
      optimizer: adamW(),
      weightDecay: 0,
      seed: 1,
    })
    const meter = await LossMeter.create(engine, objective, trainer.parameters, batch)
    const before = await meter.measure([batch])
    const first = await trainer.next(batch, 5e-3)
    expect(first.metrics.accuracy).toBeCloseTo((before.metrics.accuracy as number) / count, 6)
    expect(first.loss).toBeCloseTo(before.loss / count, 5)
    for (let i = 0; i < 60; i++) await trainer.next(batch, 5e-3)
    // It has learned them by heart.
    expect((await meter.measure([batch])).metrics.accuracy).toBe(count)
    // One that is wrong is one less.
    const wrong = targets.slice()
    const changed = targets.findIndex((target) => target >= 0)
    wrong[changed] = ((targets[changed] as number) + 1) % 3
    const measured = await meter.measure([
      { ...batch, arrays: { ...batch.arrays, targets: wrong } },
    ])
    expect(measured.metrics.accuracy).toBe(count - 1)
    meter.dispose()
    await trainer.dispose()
  })
})
