import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { evaluate } from '../evaluate/evaluate.ts'
import { generate } from '../generate/generate.ts'
import { load } from '../generate/load.ts'
import { trainCharTokenizer } from '../text/char.ts'
import type { TrainOptions } from './options.ts'
import { train } from './train.ts'

let folder: string
const path = (name: string) => join(folder, name)
const names = ['anna', '小明', 'bob', 'eva', '小红', 'otto']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-documents-'))
  const lines = Array.from({ length: 240 }, (_, i) => JSON.stringify({ text: names[i % 6] }))
  await writeFile(path('names.jsonl'), lines.join('\n'))
})
afterAll(() => rm(folder, { recursive: true }))

const options = (out: string): TrainOptions => ({
  data: [path('names.jsonl')],
  out: path(out),
  tokenizer: 'char',
  layers: 2,
  dim: 32,
  heads: 2,
  context: 16,
  batch: 16,
  steps: 120,
  evalEvery: 60,
  lr: 1e-2,
  threads: 2,
})

/** Texts that a model writes on its own; each is to be a name. */
async function written(out: string): Promise<string[]> {
  const model = await load(path(out), { threads: 1 })
  try {
    const texts: string[] = []
    for (let seed = 0; seed < 12; seed++)
      texts.push((await generate(model, { temperature: 1, seed, maxTokens: 40 })).text)
    return texts
  } finally {
    await model.dispose()
  }
}

test.each(['packed', 'whole'] as const)(
  'names are learned one by one: %s',
  async (documents) => {
    const samples: string[] = []
    const { loss, lossPerDocument, perplexity } = await train(
      { ...options(documents), documents },
      { onSample: (text) => samples.push(text) },
    )
    const texts = await written(documents)
    expect(texts.filter((text) => names.includes(text)).length).toBeGreaterThanOrEqual(11)
    expect(perplexity).toBeCloseTo(Math.exp(loss as number), 6)
    const held = [path('held.jsonl')]
    await writeFile(path('held.jsonl'), names.map((text) => JSON.stringify({ text })).join('\n'))
    const measured = await evaluate({ model: path(documents), data: held, documents, threads: 1 })
    if (documents === 'packed') {
      expect(lossPerDocument).toBeUndefined()
      // Six names of 18 letters, and an end before each: the first token is no target.
      expect(measured.tokens).toBe(18 + 5)
      expect(names.some((name) => samples.at(-1) === name)).toBe(true)
    } else {
      // One of six, all as likely: ln 6 = 1.79; every letter and every end is a target.
      expect(measured.lossPerDocument).toBeGreaterThan(1.7)
      expect(measured.lossPerDocument).toBeLessThan(2.2)
      expect(measured.tokens).toBe(18 + 6)
      expect(measured.lossPerDocument).toBeCloseTo((measured.loss * 24) / 6, 6)
      expect(lossPerDocument).toBeLessThan(2.2)
      expect(samples.at(-1)?.split('\n')).toHaveLength(3)
      expect(samples.at(-1)).toMatch(/"(an|bo|ev|小|ot)" -> ".+" \(expected "(na|b|a|明|红|to)"\)/)
      // Prompts begin as the documents did.
      const settings = JSON.parse(await readFile(path('whole/tokenizer_config.json'), 'utf8'))
      expect(settings.add_bos_token).toBe(true)
    }
  },
  60_000,
)

test('whole documents resume to the last bit', async () => {
  const stop = new AbortController()
  const cut = { ...options('cut'), documents: 'whole' } as const
  await train(cut, { signal: stop.signal, onMetrics: ({ step }) => step === 70 && stop.abort() })
  await train({ ...cut, resume: true })
  const weights = (out: string) => readFile(path(`${out}/checkpoints/step-120/model.safetensors`))
  expect((await weights('cut')).equals(await weights('whole'))).toBe(true)
  await expect(train({ ...cut, documents: 'packed', resume: true })).rejects.toThrow(
    /documents: whole before, packed now/,
  )
}, 60_000)

test('a tokenizer without an end token is told, or refused', async () => {
  const tokenizer = await trainCharTokenizer(names, { specialTokens: [] })
  await writeFile(path('tokenizer.json'), JSON.stringify(tokenizer))
  const messages: string[] = []
  const endless = { ...options('endless'), tokenizer: path('tokenizer.json'), steps: 1 }
  await train(endless, { onMessage: (text) => messages.push(text) })
  expect(messages).toContainEqual(
    expect.stringContaining(
      '216 documents run into each other, and the model does not learn where',
    ),
  )
  await expect(train({ ...endless, out: path('no'), documents: 'whole' })).rejects.toThrow(
    'no token for the end of a document',
  )
  await expect(train({ ...options('no'), task: 'mlm', documents: 'whole' })).rejects.toThrow(
    '--documents does not apply to the task mlm',
  )
})
