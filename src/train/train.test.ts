import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TrainOptions } from './options.ts'
import type { Metrics } from './report/metrics.ts'
import { train } from './train.ts'

let folder: string
let text: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-train-'))
  text = join(folder, 'text.txt')
  const lines = Array.from({ length: 400 }, (_, i) => `${i} bottles, 瓶 number ${(i * 7) % 13};`)
  await writeFile(text, lines.join('\n'))
})
afterAll(() => rm(folder, { recursive: true }))

const tiny = (out: string): TrainOptions => ({
  data: [text],
  out: join(folder, out),
  tokenizer: 'char',
  layers: 2,
  heads: 2,
  dim: 16,
  context: 16,
  batch: 4,
  steps: 12,
  lr: 3e-3,
  evalEvery: 4,
  dropout: 0.1,
  threads: 2,
})

/** Losses by step; the training is aborted after step `until`. */
async function losses(options: TrainOptions, until = Number.POSITIVE_INFINITY) {
  const stop = new AbortController()
  const steps: Metrics[] = []
  const result = await train(options, {
    signal: stop.signal,
    onMetrics: (metrics) => {
      if (metrics.loss !== undefined) steps.push(metrics)
      if (metrics.step >= until) stop.abort()
    },
  })
  return { result, losses: steps.map(({ loss }) => loss), steps: steps.map(({ step }) => step) }
}

describe('resuming', () => {
  test.each(['gpt2', 'llama'] as const)(
    'repeats an uninterrupted run to the last bit: %s',
    async (style) => {
      const whole = await losses({ ...tiny(`whole-${style}`), style })
      const first = await losses({ ...tiny(`cut-${style}`), style }, 6)
      expect(first.result.ended).toBe('aborted')
      const second = await losses({ ...tiny(`cut-${style}`), style, resume: true })
      expect(second.steps).toEqual([7, 8, 9, 10, 11, 12])
      expect([...first.losses, ...second.losses]).toEqual(whole.losses)
      expect(second.result.loss).toBe(whole.result.loss)
      const weights = (out: string) =>
        readFile(join(folder, out, 'checkpoints/step-12/model.safetensors'))
      expect((await weights(`cut-${style}`)).equals(await weights(`whole-${style}`))).toBe(true)
      const lines = (await readFile(join(folder, `cut-${style}`, 'metrics.jsonl'), 'utf8'))
        .trim()
        .split('\n')
      const recorded = lines
        .map((line): Metrics => JSON.parse(line))
        .filter(({ loss }) => loss !== undefined)
      expect(recorded.map(({ loss }) => loss)).toEqual(whole.losses)
    },
  )

  test('is refused with other options, and an old folder without it', async () => {
    await losses(tiny('old'), 4)
    await expect(train(tiny('old'))).rejects.toThrow(
      /holds a training at step 4; go on with --resume/,
    )
    await expect(train({ ...tiny('old'), resume: true, seed: 9 })).rejects.toThrow(/seed 1, not 9/)
    await expect(train({ ...tiny('none'), resume: true })).rejects.toThrow(
      /no checkpoint to resume/,
    )
  })
})

test('the folder holds the model, its records and the last checkpoints', async () => {
  const { result } = await losses(tiny('files'))
  expect(result).toMatchObject({ steps: 12, ended: 'done' })
  expect(result.perplexity).toBeCloseTo(Math.exp(result.loss as number), 6)
  expect(await readdir(join(folder, 'files/checkpoints'))).toEqual(['step-12', 'step-8'])
  const files = await readdir(join(folder, 'files'))
  for (const name of [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'metrics.jsonl',
    'loss.svg',
    'tensorboard',
  ])
    expect(files).toContain(name)
})

test('mistakes are refused before any work', async () => {
  const options = tiny('wrong')
  await expect(train({ ...options, data: [join(folder, 'missing.txt')] })).rejects.toThrow(
    /missing\.txt/,
  )
  await expect(train({ ...options, optimizer: 'adamv' as 'adam' })).rejects.toThrow(/optimizer/)
  await expect(train({ ...options, epochs: 1 })).rejects.toThrow(/one of --steps, --epochs/)
  await expect(train({ ...options, heads: 3 })).rejects.toThrow(/headDim|heads/)
  await expect(train({ ...options, context: 100_000 })).rejects.toThrow(/smaller --context/)
  await expect(train({ ...options, tokenizer: join(folder, 'no') })).rejects.toThrow(/no such file/)
})
