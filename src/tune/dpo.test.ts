import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chat } from '../generate/chat.ts'
import { load } from '../generate/load.ts'
import { train } from '../train/train.ts'
import type { TuneOptions } from './options.ts'
import { tune } from './tune.ts'

let folder: string
const path = (name: string) => join(folder, name)

/** Two questions, each with two answers that the base knows alike. */
const english = { prompt: 'what is snow?', chosen: 'cold.', rejected: 'warm.' }
const chinese = {
  prompt: [
    { role: 'user', content: '你好' },
    { role: 'assistant', content: '好。' },
    { role: 'user', content: '雪是什么？' },
  ],
  chosen: [{ role: 'assistant', content: '冷。' }],
  rejected: [{ role: 'assistant', content: '暖。' }],
}
const PAIRS = [english, chinese]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-dpo-'))
  const alphabet = 'what is snow? cold. warm. 你好。雪是什么？冷。暖。system user assistant\n'
  await writeFile(path('text.txt'), alphabet.repeat(40))
  const model = { layers: 1, heads: 2, dim: 32, context: 64, threads: 2, tokenizer: 'char' }
  await train({ data: [path('text.txt')], out: path('text'), ...model, steps: 5, val: 0 })
  const turns = (['chosen', 'rejected'] as const).flatMap((which) => [
    { instruction: english.prompt, output: english[which] },
    { messages: [...chinese.prompt, ...chinese[which]] },
  ])
  await writeFile(path('chat.jsonl'), lines(turns, 8))
  await writeFile(path('pairs.jsonl'), lines(PAIRS, 20))
  const chats = { data: [path('chat.jsonl')], out: path('base'), model: path('text'), threads: 2 }
  await tune({ ...chats, val: 0, steps: 80, lr: 1e-2, batch: 4 })
})
afterAll(() => rm(folder, { recursive: true }))

const lines = (records: readonly unknown[], times: number) =>
  Array.from({ length: times }, () => records.map((record) => JSON.stringify(record)))
    .flat()
    .join('\n')

const options = (out: string): TuneOptions => ({
  method: 'dpo',
  model: path('base'),
  data: [path('pairs.jsonl')],
  out: path(out),
  batch: 4,
  steps: 30,
  lr: 3e-3,
  evalEvery: 15,
  threads: 2,
})

const recordsOf = async (out: string): Promise<Record<string, number>[]> =>
  (await readFile(path(`${out}/metrics.jsonl`), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

async function answers(model: string, adapter?: string): Promise<string[]> {
  const loaded = await load(path(model), {
    threads: 1,
    ...(adapter !== undefined && { adapter: [path(adapter)] }),
  })
  try {
    const texts: string[] = []
    for (const { prompt } of PAIRS) {
      const messages = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt
      const given = messages as { role: 'user' | 'assistant'; content: string }[]
      const { text } = await chat(loaded, given, { temperature: 0, maxTokens: 8 })
      texts.push(text)
    }
    return texts
  } finally {
    await loaded.dispose()
  }
}

test('the preferred answer becomes the likelier one, and what is measured says so', async () => {
  const messages: string[] = []
  const result = await tune(options('dpo'), { onMessage: (text) => messages.push(text) })
  expect(result.loss).toBeLessThan(0.3)
  expect(messages[0]).toBe("computing the reference's log-probabilities of 40 pairs")
  expect(await answers('dpo')).toEqual(['cold.', '冷。'])
  const records = await recordsOf('dpo')
  // The model is its own reference at first.
  expect(records[0]?.loss).toBeCloseTo(Math.log(2), 3)
  expect(records[0]?.margin).toBeCloseTo(0, 3)
  expect(records[0]?.kl).toBeCloseTo(0, 3)
  const last = records.findLast(({ validationLoss }) => validationLoss !== undefined)
  expect(last).toMatchObject({ step: 30, validationAccuracy: 1 })
  const { validationRewardChosen: chosen, validationRewardRejected: rejected } = last ?? {}
  expect(last?.validationMargin).toBeCloseTo(Number(chosen) - Number(rejected), 4)
  expect(last?.validationMargin).toBeGreaterThan(1)
  expect(last?.validationKl).toBeGreaterThan(0.01)
  expect(Number(last?.validationLogProbabilityChosen)).toBeGreaterThan(
    Number(last?.validationLogProbabilityRejected) + 5,
  )
})

test('a run that is resumed ends as one that was not, and its reference is verified', async () => {
  const stop = new AbortController()
  await tune(options('cut'), {
    signal: stop.signal,
    onMetrics: ({ step }) => step === 10 && stop.abort(),
  })
  const file = path('cut/data/reference.safetensors')
  await copyFile(file, path('kept'))
  const bytes = await readFile(file)
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
  await writeFile(file, bytes)
  const resumed = { ...options('cut'), resume: true }
  await expect(tune(resumed)).rejects.toThrow(/reference\.safetensors: it has changed since/)
  await rm(file)
  await expect(tune(resumed)).rejects.toThrow(/reference\.safetensors/)
  await copyFile(path('kept'), file)
  const messages: string[] = []
  await tune(resumed, { onMessage: (text) => messages.push(text) })
  expect(messages.join()).not.toContain('computing the reference')
  const weights = (out: string) => readFile(path(`${out}/checkpoints/step-30/model.safetensors`))
  expect((await weights('cut')).equals(await weights('dpo'))).toBe(true)
  await expect(tune({ ...resumed, steps: 40, beta: 0.2 })).rejects.toThrow(/--beta: 0.1 before/)
})

test('an adapter learns it over its base, which is the reference', async () => {
  await tune({ ...options('adapter'), adapter: 'lora', lr: 5e-3, nllWeight: 1 })
  const [first] = await recordsOf('adapter')
  expect(first?.margin).toBeCloseTo(0, 3)
  expect(await answers('base', 'adapter')).toEqual(['cold.', '冷。'])
})

test('SimPO keeps no reference', async () => {
  const simpo = { referenceFree: true, lengthNormalized: true, gamma: 0.5, beta: 2 }
  const { loss } = await tune({ ...options('simpo'), ...simpo })
  expect(loss).toBeLessThan(0.3)
  expect(await readdir(path('simpo'))).not.toContain('data')
  const [first] = await recordsOf('simpo')
  expect(first).not.toHaveProperty('kl')
  const varied = { ...simpo, augment: { deletion: 0.5 } }
  expect((await tune({ ...options('varied'), ...varied })).loss).toBeLessThan(0.5)
})

test('margins, which DPO does not use, are told of once', async () => {
  const margins = PAIRS.map((pair) => ({ ...pair, margin: 1.5 }))
  await writeFile(path('margins.jsonl'), lines(margins, 2))
  const messages: string[] = []
  const given = { data: [path('margins.jsonl')], val: 0, steps: 1, referenceFree: true }
  await tune({ ...options('margins'), ...given }, { onMessage: (text) => messages.push(text) })
  expect(messages.filter((text) => text.includes('margin'))).toEqual([
    expect.stringContaining('4 of 4 pairs have a margin, which DPO does not use'),
  ])
})

test('options that contradict each other, or are of another method, are refused', async () => {
  const refused = (given: Partial<TuneOptions>) =>
    expect(tune({ ...options('refused'), ...given })).rejects
  await refused({ loss: 'ipo', gamma: 1 }).toThrow('--gamma is of --loss sigmoid and hinge')
  await refused({ loss: 'hinge', labelSmoothing: 0.1 }).toThrow('is of --loss sigmoid')
  await refused({ labelSmoothing: 0.5 }).toThrow('give less than 0.5')
  await refused({ augment: { swap: 0.1 } }).toThrow('add --reference-free, or leave out --augment')
  await refused({ neftuneAlpha: 5 }).toThrow(
    '--neftune-alpha does not apply to the method dpo, only to sft; leave it out',
  )
  await refused({ method: 'sft', beta: 1 }).toThrow(
    '--beta does not apply to the method sft, only to dpo',
  )
  await writeFile(path('bad.jsonl'), '{"prompt": "a", "chosen": "b"}\n')
  await refused({ data: [path('bad.jsonl')] }).toThrow(/bad\.jsonl:1.*expected \{"prompt"/)
})
