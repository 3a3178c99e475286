import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decoderIn } from '../../test/open-model.ts'
import { train } from '../train/train.ts'
import { tune } from './tune.ts'

let folder: string
const path = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-tune-'))
  const alphabet = 'what is the colour of snow? white. 雪是什么颜色？白。system user assistant\n'
  await writeFile(path('text.txt'), alphabet.repeat(40))
  const model = { layers: 2, heads: 2, dim: 32, context: 64, threads: 2 }
  const length = { batch: 8, steps: 20, lr: 3e-3, evalEvery: 20 }
  await train({
    data: [path('text.txt')],
    out: path('base'),
    tokenizer: 'char',
    ...model,
    ...length,
  })
  const questions = [
    { instruction: 'what is the colour of snow?', output: 'white.' },
    {
      messages: [
        { role: 'user', content: '雪是什么颜色？' },
        { role: 'assistant', content: '白。' },
      ],
    },
  ]
  const lines = Array.from({ length: 20 }, (_, i) => JSON.stringify(questions[i % 2]))
  await writeFile(path('chat.jsonl'), lines.join('\n'))
})
afterAll(() => rm(folder, { recursive: true }))

const options = (out: string) => ({
  model: path('base'),
  data: [path('chat.jsonl')],
  out: path(out),
  batch: 4,
  steps: 60,
  lr: 1e-2,
  evalEvery: 60,
  threads: 2,
})

test('a model learns to answer, and its template and markers travel with it', async () => {
  const { loss, perplexity } = await tune(options('tuned'))
  expect(loss).toBeLessThan(0.5)
  expect(perplexity).toBeCloseTo(Math.exp(loss as number), 6)
  const [base, tuned] = [await decoderIn(path('base')), await decoderIn(path('tuned'))]
  expect(tuned.config.vocabSize).toBe(base.config.vocabSize + 2)
  expect(tuned.chatTemplate).toContain('<|im_start|>')
  expect(tuned.tokenizer.eosId).toBe(tuned.tokenizer.specialTokens['<|im_end|>'])
})

test('a tuning that is resumed ends as one that was not', async () => {
  const stop = new AbortController()
  await tune(options('cut'), {
    signal: stop.signal,
    onMetrics: ({ step }) => step === 25 && stop.abort(),
  })
  await tune({ ...options('cut'), resume: true })
  const weights = (out: string) => readFile(path(`${out}/checkpoints/step-60/model.safetensors`))
  expect((await weights('cut')).equals(await weights('tuned'))).toBe(true)

  // What decides about the conversations, the rows and the model is compared.
  await writeFile(path('other.jinja'), '{% for m in messages %}{{ m.content }} \n{% endfor %}')
  const otherwise = {
    batch: 8,
    accumulate: 2,
    val: 0.2,
    shuffle: false,
    context: 60,
    dropout: 0.1,
    chatTemplate: path('other.jinja'),
  }
  for (const [name, value] of Object.entries(otherwise))
    await expect(tune({ ...options('cut'), resume: true, [name]: value })).rejects.toThrow(
      /cannot resume the training/,
    )
})

test('bits per byte count the measured bytes, not what was cut off behind them', async () => {
  const messages: string[] = []
  const bitsOf = async (name: string, length: number) => {
    const record = { instruction: 'what is snow?', output: 'white. 白。'.repeat(length) }
    await writeFile(path(`${name}.jsonl`), `${JSON.stringify(record)}\n`.repeat(2))
    const val = [path(`${name}.jsonl`)]
    const result = await tune(
      { ...options(name), val, context: 48, steps: 1, lr: 1e-9 },
      { onMessage: (text) => messages.push(text) },
    )
    return result.bitsPerByte as number
  }
  const bits = await bitsOf('long', 5)
  expect(bits).toBeGreaterThan(1)
  expect(await bitsOf('longer', 500)).toBe(bits)
  expect(messages).toContainEqual(
    expect.stringContaining('for validation: 2 of 2 conversations were cut to 48 tokens, losing '),
  )
})

test('a faulty line is named', async () => {
  await writeFile(path('bad.jsonl'), '{"instruction": "a", "output": "b"}\n{"instruction": 3}\n')
  await expect(tune({ ...options('bad'), data: [path('bad.jsonl')] })).rejects.toThrow(
    /bad\.jsonl:2.*instruction/,
  )
  await expect(tune({ ...options('none'), model: path('nothing') })).rejects.toThrow(/config\.json/)
})

test('NEFTune adds noise in training and nowhere else, by the seed', async () => {
  const losses = async (name: string, given: { neftuneAlpha?: number; seed?: number }) => {
    const found: (number | undefined)[] = []
    const onMetrics = ({ loss, validationLoss }: { loss?: number; validationLoss?: number }) =>
      void found.push(loss ?? validationLoss)
    await tune({ ...options(name), steps: 1, lr: 1e-9, evalEvery: 1, ...given }, { onMetrics })
    return found as [number, number]
  }
  const [plain, validated] = await losses('plain', {})
  const [noisy, unchanged] = await losses('noisy', { neftuneAlpha: 20 })
  expect(Math.abs(noisy - plain)).toBeGreaterThan(1e-3)
  expect(unchanged).toBeCloseTo(validated, 5)
  expect((await losses('again', { neftuneAlpha: 20 }))[0]).toBe(noisy)
})
