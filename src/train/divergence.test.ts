import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../errors.ts'
import { Decoder } from '../models/decoder.ts'
import { gpt2Config } from '../models/decoder-config.ts'
import { nextToken } from '../objectives/language-model.ts'
import { openEngine } from '../runtime/open.ts'
import { sgd } from './optimizers/index.ts'
import type { TrainOptions } from './options.ts'
import { type RunOptions, runTraining } from './run.ts'
import { train } from './train.ts'
import { Trainer } from './trainer.ts'
import type { Progress } from './training-state.ts'

let folder: string
const path = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-divergence-'))
  const lines = Array.from({ length: 200 }, (_, i) => `${i} bottles, 瓶 number ${(i * 7) % 13};`)
  await writeFile(path('text.txt'), lines.join('\n'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A training that leaves the range of float32 at its first step. */
const diverging = (out: string): TrainOptions => ({
  data: [path('text.txt')],
  out: path(out),
  tokenizer: 'char',
  layers: 1,
  heads: 2,
  dim: 16,
  context: 16,
  batch: 4,
  steps: 6,
  evalEvery: 1,
  warmup: 0,
  clip: 0,
  optimizer: 'sgd',
  lr: 1e30,
  threads: 1,
})

const inFolder = (name: string) => readdir(path(name))

describe.each([
  ['with validation data', {}],
  ['without validation data', { val: 0 }],
] as const)('%s', (name, more) => {
  test.each(['report', 'rollback', 'stop'] as const)(
    'a model that diverges at once is never saved, and the user is told: %s',
    async (onSpike) => {
      const out = `${name} ${onSpike}`
      const messages: string[] = []
      const onSample = () => {}
      const onMessage = (text: string) => void messages.push(text)
      const run = train({ ...diverging(out), ...more, onSpike }, { onMessage, onSample })
      await expect(run).rejects.toThrow(UserError)
      await expect(run).rejects.toThrow(/^step 1: .*(NaN|Infinity).* A lower --lr/)
      const files = await inFolder(out)
      expect(files).not.toContain('model.safetensors')
      expect(files).not.toContain('checkpoints')
      // Thrown, and not told as well.
      expect(messages.filter((text) => /step 1/.test(text))).toEqual([])
    },
  )
})

/** Checkpoints in memory, of a run whose learning rate is beyond float32 at some calls. */
async function leapingRun(onSpike: RunOptions['onSpike'], isLeap: (call: number) => boolean) {
  const engine = await openEngine({ engine: 'cpu', threads: 1 })
  const model = new Decoder(gpt2Config({ vocabSize: 11, context: 8, layers: 1, dim: 16, heads: 2 }))
  const trainer = await Trainer.create({
    engine,
    model,
    batch: 4,
    length: 8,
    optimizer: sgd(),
    weightDecay: 0,
    seed: 1,
  })
  const ids = Int32Array.from({ length: 32 }, (_, i) => i % 11)
  const targets = ids.map((id) => (id + 1) % 11)
  const batch = { rows: 4, length: 8, count: 32, arrays: { ids, targets } }
  const saved = new Map<number, Map<string, Float32Array>>()
  const promoted: number[] = []
  const messages: string[] = []
  let calls = 0
  const run = runTraining({
    trainer,
    reader: { next: () => batch, state: () => 0, restore: () => {} },
    evaluationObjective: nextToken(model, 8, { evaluation: true }),
    validation: () => [batch],
    steps: 6,
    schedule: () => (isLeap(++calls) ? 1e30 : 0.01),
    evalEvery: 2,
    onSpike,
    onMessage: (text) => messages.push(text),
    checkpoints: {
      save: async ({ step }, best) => {
        const values = new Map<string, Float32Array>()
        for (const [name, tensor] of Object.entries(trainer.values.bindings()))
          values.set(name, ((await tensor.read()) as Float32Array).slice())
        saved.set(step, values)
        if (best) promoted.push(step)
      },
      restore: async () => {
        const step = Math.max(...saved.keys())
        if (saved.size === 0) return undefined
        for (const [name, values] of saved.get(step) ?? [])
          trainer.values.tensor(name).write(values)
        trainer.step = step
        return { step } as Progress
      },
    },
  })
  const result = await run.catch((error: Error) => error)
  await trainer.dispose()
  await engine.dispose()
  for (const values of saved.values())
    for (const list of values.values())
      expect(list.every((x: number) => Number.isFinite(x))).toBe(true)
  return { result, steps: [...saved.keys()], promoted, messages }
}

test('rollback returns to the last good checkpoint, and the training ends well', async () => {
  // The fourth update is too large: steps 1 and 2 are good, 3 is, 4 is not.
  const { result, steps, messages } = await leapingRun('rollback', (call) => call === 4)
  expect(result).toMatchObject({ step: 6, ended: 'done' })
  expect(steps).toEqual([2, 4, 6])
  expect(messages).toEqual([
    expect.stringMatching(/^step 4: /),
    expect.stringMatching(/^back to step 2;/),
  ])
})

test('rollback gives up where the training diverges again and again', async () => {
  const { result, steps, promoted } = await leapingRun('rollback', (call) => call >= 4)
  expect(result).toBeInstanceOf(UserError)
  expect((result as Error).message).toMatch(/after 5 rollbacks; the checkpoint of step 2 is good$/)
  expect([steps, promoted]).toEqual([[2], [2]])
})

test('without rollback the training ends, and tells what is good', async () => {
  const { result, steps, promoted } = await leapingRun('report', (call) => call === 4)
  expect(result).toBeInstanceOf(UserError)
  expect((result as Error).message).toMatch(/^step 4: .*; the checkpoint of step 2 is good$/)
  expect([steps, promoted]).toEqual([[2], [2]])
})
