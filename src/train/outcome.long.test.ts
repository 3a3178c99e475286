import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { evaluate } from '../evaluate/evaluate.ts'
import { tune } from '../tune/tune.ts'
import type { TrainOptions } from './options.ts'
import { train } from './train.ts'

let folder: string
const path = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-outcome-'))
  // What is learned by heart makes the other text ever less likely.
  await writeFile(path('text.txt'), 'user assistant system\n雪 is white, yes. '.repeat(60))
  await writeFile(path('other.txt'), 'white 雪, yes yes. is it? '.repeat(20))
  const turns = (output: string) =>
    `${JSON.stringify({ instruction: 'is 雪 white?', output })}\n`.repeat(8)
  await writeFile(path('chat.jsonl'), turns('yes, yes.'))
  await writeFile(path('other.jsonl'), turns('is white.'))
})
afterAll(() => rm(folder, { recursive: true }))

const options = (out: string): TrainOptions => ({
  data: [path('text.txt')],
  val: [path('other.txt')],
  out: path(out),
  tokenizer: 'char',
  layers: 1,
  heads: 2,
  dim: 32,
  context: 16,
  batch: 8,
  steps: 60,
  evalEvery: 4,
  keep: 100,
  lr: 3e-2,
  schedule: 'constant',
  warmup: 0,
  threads: 1,
})

describe('the loss that is reported is that of the model in the folder', () => {
  test('train: the best one; that of the last step is reported beside it', async () => {
    const samples: [string, number][] = []
    const onSample = (text: string, step: number) => void samples.push([text, step])
    const result = await train(options('trained'), { onSample })
    expect(result.bestStep).toBeLessThan(result.steps)
    expect(result.final?.loss).toBeGreaterThan(result.loss as number)
    const measured = async (model: string) =>
      (await evaluate({ model, data: [path('other.txt')], threads: 1 })).loss
    expect(result.loss).toBeCloseTo(await measured(path('trained')), 5)
    const last = await measured(path('trained/checkpoints/step-60'))
    expect(result.final?.loss).toBeCloseTo(last, 5)
    expect(result.perplexity).toBeCloseTo(Math.exp(result.loss as number), 5)
    // What it writes is by that model, too.
    const [text, step] = samples.at(-1) as [string, number]
    expect(step).toBe(result.bestStep)
    expect(await readFile(path('trained/sample.txt'), 'utf8')).toBe(text)
    expect(text).toBe(samples.find(([, step]) => step === result.bestStep)?.[0])
  })

  test('train, resumed after its best step', async () => {
    const stop = new AbortController()
    await train(options('resumed'), {
      signal: stop.signal,
      onMetrics: ({ step }) => step >= 50 && stop.abort(),
    })
    const result = await train({ ...options('resumed'), resume: true })
    const whole = await train(options('whole'))
    expect(result.bestStep).toBe(whole.bestStep)
    expect([result.loss, result.final?.loss]).toEqual([whole.loss, whole.final?.loss])
  })

  test.each(['none', 'lora'] as const)('tune, adapter %s', async (adapter) => {
    await train({ ...options(`base ${adapter}`), context: 64, steps: 4 })
    const tuned = (out: string, steps: number) =>
      tune({
        model: path(`base ${adapter}`),
        data: [path('chat.jsonl')],
        val: [path('other.jsonl')],
        out: path(`${adapter} ${out}`),
        adapter,
        batch: 4,
        steps,
        evalEvery: 2,
        lr: 5e-2,
        schedule: 'constant',
        warmup: 0,
        threads: 1,
      })
    const result = await tuned('long', 40)
    expect(result.bestStep).toBeLessThan(40)
    expect(result.final?.loss).toBeGreaterThan(result.loss as number)
    // The same training that ends at its best step has that model's loss.
    const short = await tuned('short', result.bestStep)
    expect(short.final?.loss).toBeCloseTo(result.loss as number, 5)
  })
})

test('without validation data nothing is reported, and the last model stands', async () => {
  const { loss, final, bestStep, steps } = await train({ ...options('unmeasured'), val: 0 })
  expect([loss, final, bestStep]).toEqual([undefined, undefined, steps])
})
