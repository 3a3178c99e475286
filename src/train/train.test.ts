import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onResume } from '../options.ts'
import { type TrainOptions, trainOptions } from './options.ts'
import type { Metrics } from './report/metrics.ts'
import { schedules } from './schedules.ts'
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
    async (architecture) => {
      const whole = await losses({ ...tiny(`whole-${architecture}`), architecture })
      const first = await losses({ ...tiny(`cut-${architecture}`), architecture }, 6)
      expect(first.result.ended).toBe('aborted')
      const second = await losses({ ...tiny(`cut-${architecture}`), architecture, resume: true })
      expect(second.steps).toEqual([7, 8, 9, 10, 11, 12])
      expect([...first.losses, ...second.losses]).toEqual(whole.losses)
      expect(second.result.loss).toBe(whole.result.loss)
      const weights = (out: string) =>
        readFile(join(folder, out, 'checkpoints/step-12/model.safetensors'))
      expect(
        (await weights(`cut-${architecture}`)).equals(await weights(`whole-${architecture}`)),
      ).toBe(true)
      const lines = (await readFile(join(folder, `cut-${architecture}`, 'metrics.jsonl'), 'utf8'))
        .trim()
        .split('\n')
      const recorded = lines
        .map((line): Metrics => JSON.parse(line))
        .filter(({ loss }) => loss !== undefined)
      expect(recorded.map(({ loss }) => loss)).toEqual(whole.losses)
    },
  )

  test('is not possible where a signal came before the first step', async () => {
    const stop = new AbortController()
    stop.abort('too early')
    const out = join(folder, 'early')
    await expect(train(tiny('early'), { signal: stop.signal })).rejects.toBe('too early')
    await expect(train({ ...tiny('early'), resume: true })).rejects.toThrow(/no checkpoint/)
    await expect(readdir(out)).rejects.toThrow('ENOENT')
  })

  test('repeats a step that was cut short', async () => {
    const stop = new AbortController()
    const steps: (number | undefined)[] = []
    const events = {
      signal: stop.signal,
      onMetrics: ({ step, loss }: Metrics) => {
        if (loss !== undefined) steps.push(loss)
        // By then the next step is being computed.
        if (step === 5) setImmediate(() => stop.abort())
      },
    }
    expect(await train(tiny('amid'), events)).toMatchObject({ ended: 'aborted', steps: 5 })
    const second = await losses({ ...tiny('amid'), resume: true })
    const whole = await losses(tiny('amid-whole'))
    expect([...steps, ...second.losses]).toEqual(whole.losses)
  })

  test.each(['the validation of the last step', 'the measurement at the end'])(
    'goes on with %s',
    async (which) => {
      const out = which.replaceAll(' ', '-')
      const stop = new AbortController()
      const stopped = await train(tiny(out), {
        signal: stop.signal,
        onMetrics: ({ step, validationLoss }) => {
          const isValidated = validationLoss !== undefined
          if (step === 12 && isValidated === which.includes('end')) stop.abort()
        },
      })
      expect(stopped).toMatchObject({ ended: 'aborted', steps: 12 })
      expect(stopped.loss).toBeUndefined()
      const result = await train({ ...tiny(out), resume: true })
      const whole = await train(tiny(`${out}-whole`))
      expect(result).toMatchObject({ ended: 'done', loss: whole.loss })
      const validations = async (openModelOf: string) => {
        const lines = await readFile(join(folder, openModelOf, 'metrics.jsonl'), 'utf8')
        const all = lines
          .trim()
          .split('\n')
          .map((line): Metrics => JSON.parse(line))
        return all.flatMap(({ validationLoss }) => validationLoss ?? [])
      }
      expect(await validations(out)).toEqual(await validations(`${out}-whole`))
    },
  )

  test('is refused with other options, and an old folder without it', async () => {
    await losses(tiny('old'), 4)
    await expect(train(tiny('old'))).rejects.toThrow(
      /holds a training at step 4; resume it with --resume/,
    )
    const resume = (changed: Partial<TrainOptions>) =>
      train({ ...tiny('old'), resume: true, ...changed })
    // The difference alone is shown.
    await expect(resume({ seed: 9, optimizer: 'lion' })).rejects.toThrow(
      /cannot resume .*: --optimizer: adamw before, lion now; --seed: 1 before, 9 now\. /,
    )
    await expect(resume({ tokenizer: 'bpe' })).rejects.toThrow(
      /cannot resume .*: --tokenizer: char before, bpe now\. /,
    )
    await expect(resume({ dim: 32 })).rejects.toThrow(
      /cannot resume .*: --dim: 16 before, 32 now\. /,
    )
    await expect(resume({ batch: 8 })).rejects.toThrow(
      /cannot resume .*: --batch: 4 before, 8 now\. /,
    )
    await expect(resume({ average: 0.9 })).rejects.toThrow(/--average: 0 before, 0\.9 now/)
    await expect(resume({ steps: 3 })).rejects.toThrow(/4 steps .* are done.*greater length/)
    await expect(train({ ...tiny('none'), resume: true })).rejects.toThrow(
      /no checkpoint to resume/,
    )
  })
})

test('a folder inside of its own data holds no data', async () => {
  const data = join(folder, 'texts')
  await mkdir(data)
  await copyFile(text, join(data, 'text.txt'))
  const inside: TrainOptions = { ...tiny('texts/run'), data: [data] }
  const first = await losses(inside, 4)
  const second = await losses({ ...inside, resume: true })
  const whole = await losses(tiny('beside'))
  expect([...first.losses, ...second.losses]).toEqual(whole.losses)
})

/** Another value of each option that counts by what it makes. */
const OTHERWISE: Partial<TrainOptions> = {
  output: 'untied',
  activation: 'relu',
  norm: 'none',
  feedForward: 'none',
  feedForwardDropout: 0.1,
  batch: 8,
  accumulate: 2,
  data: ['README.md'],
  val: 0.2,
  shuffle: false,
  encoding: 'gbk',
  encodingErrors: 'replace',
  documentSeparator: '---',
  tokenizer: 'bpe',
  architecture: 'llama',
  layers: 1,
  heads: 4,
  kvHeads: 1,
  dim: 32,
  hiddenDim: 48,
  context: 8,
  positions: 'rotary',
  window: 4,
  experts: 3,
  expertsPerToken: 1,
  dropout: 0.2,
}

describe('what an option makes is compared', () => {
  beforeAll(() => losses(tiny('made'), 4))

  test('of every such option', () => {
    const derived = Object.entries(onResume(trainOptions)).flatMap(([name, kind]) =>
      kind === 'derived' ? name : [],
    )
    // `depth` is refused beside `layers`, `targetContext` without a task that writes, `ropeTheta`
    // without rotary positions, and fields of records without records (`table.test.ts`); synonyms
    // have a test below.
    const tried = [...Object.keys(OTHERWISE), 'depth', 'targetContext', 'ropeTheta', 'synonyms']
    tried.push('textField', 'pairField', 'labelField')
    expect(tried.sort()).toEqual(derived.sort())
  })

  test.each(Object.entries(OTHERWISE))('%s', async (name, value) => {
    const resumed = train({ ...tiny('made'), resume: true, [name]: value })
    await expect(resumed).rejects.toThrow(/cannot resume|made from other data/)
  })

  test('synonyms, whatever the name of their file', async () => {
    const dictionary = join(folder, 'synonyms.tsv')
    const options = { ...tiny('varied'), augment: { replacement: 0.1 }, synonyms: dictionary }
    await writeFile(dictionary, 'bottles\tlottes\n')
    await losses(options, 4)
    const copy = join(folder, 'copy.tsv')
    await copyFile(dictionary, copy)
    await losses({ ...options, synonyms: copy, resume: true }, 6)
    await writeFile(copy, 'bottles\tbonnets\n')
    await expect(train({ ...options, synonyms: copy, resume: true })).rejects.toThrow(
      /cannot resume .*synonyms: changed/,
    )
  })
})

describe('resuming with other options', () => {
  async function resumed(out: string, changed: Partial<TrainOptions>) {
    const told: string[] = []
    const rates: number[] = []
    const result = await train(
      { ...tiny(out), resume: true, ...changed },
      {
        onMessage: (text) => told.push(text),
        onMetrics: ({ learningRate }) => learningRate !== undefined && rates.push(learningRate),
      },
    )
    return { told, rates, result }
  }

  test('trains on beyond the old end, on a schedule of the new length', async () => {
    await losses(tiny('longer'))
    const { told, rates, result } = await resumed('longer', { steps: 16 })
    expect(result).toMatchObject({ steps: 16, ended: 'done' })
    expect(rates).toHaveLength(4)
    const schedule = schedules.cosine({ peak: 3e-3, floor: 3e-3 / 10, warmup: 0, total: 16 })
    expect(rates).toEqual([12, 13, 14, 15].map(schedule))
    expect(told).toEqual([
      'resuming with other options: --steps: 12 before, 16 now',
      '16 steps instead of 12: the learning rate now follows a schedule of 16',
    ])
  })

  test('says that nothing is left to do', async () => {
    await losses(tiny('over'))
    const { told, rates, result } = await resumed('over', {})
    expect(result).toMatchObject({ steps: 12, ended: 'done' })
    expect(rates).toEqual([])
    expect(told).toEqual(['all 12 steps are done; a higher --steps trains further'])
  })

  test('takes and tells what may change, and leaves batches that are as large alone', async () => {
    await losses(tiny('changed'), 6)
    const changed = { lr: 1e-3, schedule: 'constant', clip: 0.5, batch: 2, accumulate: 2 } as const
    const { told, rates } = await resumed('changed', changed)
    expect(rates).toEqual(Array(6).fill(1e-3))
    expect(told).toEqual([
      'resuming with other options: --lr: 0.003 before, 0.001 now; --schedule: cosine before, ' +
        'constant now; --clip: 1 before, 0.5 now',
    ])
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
  await expect(train({ ...options, depth: 3 })).rejects.toThrow(/--depth 3 changes nothing/)
  await expect(train({ ...options, heads: 3 })).rejects.toThrow(/headDim|heads/)
  await expect(train({ ...options, context: 100_000 })).rejects.toThrow(/smaller --context/)
  await expect(train({ ...options, tokenizer: join(folder, 'no') })).rejects.toThrow(/no such file/)
})

test('a part of the validation data stands for all of it, though it is sorted', async () => {
  const [learned, held] = [join(folder, 'learned.txt'), join(folder, 'held.txt')]
  await writeFile(learned, 'ab'.repeat(2000))
  // What a validation reads at most is known; what comes behind it is not.
  await writeFile(held, 'ab'.repeat(20_000) + 'aabb'.repeat(10_000))
  const found: number[] = []
  const options = { ...tiny('sorted'), data: [learned], val: [held], steps: 40, evalEvery: 40 }
  const { loss } = await train(
    { ...options, context: 64, lr: 1e-2 },
    {
      onMetrics: ({ validationLoss }) => validationLoss !== undefined && found.push(validationLoss),
    },
  )
  expect(loss).toBeGreaterThan(0.5)
  expect(found).toHaveLength(1)
  expect(found[0]).toBeCloseTo(loss as number, 1)
})
