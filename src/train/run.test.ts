import { afterAll, expect, test } from 'vitest'
import { tinyEncoders } from '../../test/tiny-models.ts'
import type { Examples } from '../data/batch.ts'
import type { BatchSource } from '../data/readers/reader.ts'
import { Encoder } from '../models/encoder.ts'
import type { EncoderConfig } from '../models/encoder-config.ts'
import { classificationObjective } from '../objectives/classification.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import { openEngine } from '../runtime/open.ts'
import { adamW } from './optimizers/index.ts'
import type { Metrics } from './report/metrics.ts'
import { runTraining } from './run.ts'
import { Trainer } from './trainer.ts'

const engine = await openEngine({ engine: 'cpu', threads: 1 })
afterAll(() => engine.dispose())

/** Texts of 4 tokens, whose label is their first token. */
const batchOf = (first: number): Examples => {
  const ids = Int32Array.from({ length: 8 * 4 }, (_, i) => (i % 4 === 0 ? (first + i / 4) % 3 : 9))
  const texts = { ids, types: new Int32Array(32), mask: new Float32Array(32).fill(1) }
  const targets = Int32Array.from({ length: 8 }, (_, row) => (first + row) % 3)
  return { rows: 8, length: 4, arrays: { ...texts, targets }, count: 8 }
}

async function run(next: BatchSource['next'], steps: number, signal?: AbortSignal) {
  const model = new Encoder(tinyEncoders['BERT that classifies'] as EncoderConfig)
  const objective: ObjectiveBuilder = (sizes) =>
    classificationObjective(model, { ...sizes, length: 4 })
  const trainer = await Trainer.create({
    engine,
    model,
    objective,
    batch: 8,
    length: 4,
    optimizer: adamW(),
    weightDecay: 0,
    seed: 1,
  })
  const metrics: Metrics[] = []
  const saved: unknown[] = []
  let count = 0
  const result = await runTraining({
    trainer,
    reader: {
      next: (options) => {
        count++
        return next(options)
      },
      state: () => count,
      restore: () => {},
    },
    evaluationObjective: objective,
    validation: () => [batchOf(0), batchOf(1)],
    steps,
    schedule: () => 3e-3,
    evalEvery: 20,
    onSpike: 'stop',
    checkpoints: {
      save: async ({ reader }) => void saved.push(reader),
      restore: async () => undefined,
    },
    onMetrics: (record) => void metrics.push(record),
    signal,
  })
  await trainer.dispose()
  return { result, metrics, saved }
}

const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), 1))
const figuresOf = (all: readonly Metrics[]) =>
  all.map(({ step, loss, validationLoss, accuracy, validationAccuracy }) => {
    return { step, loss, validationLoss, accuracy, validationAccuracy }
  })

test('batches may come as promises, and metrics are reported beside the losses', async () => {
  let [i, j] = [0, 0]
  const now = await run(() => batchOf(i++), 40)
  const awaited = await run(() => later(batchOf(j++)), 40)
  expect(figuresOf(awaited.metrics)).toEqual(figuresOf(now.metrics))
  const validations = now.metrics.filter(({ validationLoss }) => validationLoss !== undefined)
  expect(validations.map(({ step }) => step)).toEqual([20, 40])
  expect(validations.at(-1)?.validationAccuracy).toBe(1)
  const accuracies = now.metrics.flatMap(({ accuracy }) => accuracy ?? [])
  expect(accuracies).toHaveLength(40)
  // Eighths, since a step has 8 texts; it begins by guessing.
  for (const accuracy of accuracies) expect(accuracy * 8).toBeCloseTo(Math.round(accuracy * 8), 5)
  expect(accuracies[0]).toBeLessThan(0.9)
  expect(accuracies.at(-1)).toBe(1)
})

test('a run that is aborted while it waits for a batch is saved after its last step', async () => {
  const stop = new AbortController()
  let count = 0
  const next: BatchSource['next'] = ({ signal }) =>
    ++count < 4
      ? batchOf(count)
      : new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason))
          setTimeout(() => stop.abort(new Error('enough')), 1)
        })
  const { result, saved } = await run(next, 40, stop.signal)
  expect(result).toMatchObject({ step: 3, ended: 'aborted' })
  // The place of the batch that never came is not passed.
  expect(saved).toEqual([3])
})
