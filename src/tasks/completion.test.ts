import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { evaluate } from '../evaluate/evaluate.ts'
import { predict } from '../predict/predict.ts'
import type { TrainOptions } from '../train/options.ts'
import { train } from '../train/train.ts'

let folder: string
const path = (name: string) => join(folder, name)

const NUMBERS = [...'零一二三四五六七八九']
const records = Array.from({ length: 200 }, (_, i) => {
  const [digit, number] = [i % 10, NUMBERS[i % 10]]
  return i % 20 < 10
    ? { prompt: `${digit} in 中文: `, completion: `${number}！` }
    : { prompt: `twice ${digit}: `, completion: `${2 * digit}` }
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-completion-'))
  await writeFile(path('data.jsonl'), records.map((one) => JSON.stringify(one)).join('\n'))
})
afterAll(() => rm(folder, { recursive: true }))

const options = (out: string): TrainOptions => ({
  task: 'completion',
  data: [path('data.jsonl')],
  out: path(out),
  layers: 2,
  dim: 32,
  heads: 2,
  context: 32,
  batch: 16,
  steps: 150,
  evalEvery: 150,
  lr: 1e-2,
  threads: 2,
})

test.each(['char', 'bpe'])(
  'a decoder learns what follows a prompt: %s',
  async (tokenizer) => {
    const samples: string[] = []
    let tokens = 0
    const { loss, metrics } = await train(
      { ...options(tokenizer), tokenizer, architecture: tokenizer === 'bpe' ? 'llama' : 'gpt2' },
      {
        onSample: (text) => samples.push(text),
        onStart: ({ context }) => {
          tokens = context
        },
      },
    )
    expect(loss).toBeLessThan(0.05)
    expect(metrics).toEqual({ exactMatch: 1 })
    // Rows are as long as the longest record: "0 in 中文: 零！" and its end are 12 characters.
    if (tokenizer === 'char') expect(tokens).toBe(11)
    const lines = samples.at(-1)?.split('\n') ?? []
    expect(lines).toHaveLength(3)
    for (const line of lines)
      expect(line).toMatch(/^"(twice \d|\d in 中文): " -> "(.+)" \(expected "\2"\)$/)

    const asked = await predict({
      model: path(tokenizer),
      text: ['7 in 中文: ', 'twice 8: '],
      threads: 1,
    })
    expect(asked).toEqual([
      { text: '7 in 中文: ', completion: '七！', finishReason: 'stop' },
      { text: 'twice 8: ', completion: '16', finishReason: 'stop' },
    ])
    const measured = await evaluate({
      model: path(tokenizer),
      task: 'completion',
      data: [path('data.jsonl')],
      threads: 1,
    })
    expect(measured.metrics.exactMatch?.value).toBe(1)
    expect(measured.loss).toBeLessThan(0.05)
    // The completions alone, and the end of each: half are of two characters, a fifth of two
    // digits.
    if (tokenizer === 'char') expect(measured.tokens).toBe(100 * 3 + 50 * 2 + 50 * 3)
  },
  60_000,
)

test('a model is trained further on completions, and wrong ones are counted', async () => {
  const others = records.map(({ prompt, completion }, i) => ({
    prompt,
    completion: i < 150 ? completion : `${completion}！`,
  }))
  await writeFile(path('others.jsonl'), others.map((one) => JSON.stringify(one)).join('\n'))
  const asked = { model: path('char'), task: 'completion', threads: 1 } as const
  const before = await evaluate({ ...asked, data: [path('others.jsonl')] })
  expect(before.metrics.exactMatch?.value).toBe(0.75)
  const data = [path('further.jsonl')]
  const doubled = records.map(({ prompt, completion }) => ({
    prompt,
    completion: completion.repeat(2),
  }))
  await writeFile(path('further.jsonl'), doubled.map((one) => JSON.stringify(one)).join('\n'))
  const { out, steps, batch, lr, threads } = options('further')
  const { metrics } = await train({
    out,
    data,
    steps,
    batch,
    lr,
    threads,
    task: 'completion',
    model: path('char'),
  })
  expect(metrics).toEqual({ exactMatch: 1 })
  const description = JSON.parse(await readFile(path('further/config.json'), 'utf8'))
  expect(description.n_positions ?? description.max_position_embeddings).toBe(32)
}, 60_000)

test('each kind of model is sent to its task', async () => {
  await expect(
    train({ ...options('wrong'), task: 'seq2seq', architecture: 'gpt2' }),
  ).rejects.toThrow(/task seq2seq trains encoder-decoders.*--task completion, from \{"prompt"/)
  await expect(train({ ...options('wrong'), architecture: 't5' })).rejects.toThrow(
    /task completion trains decoders.*--task seq2seq, from \{"source"/,
  )
  const asked = { model: path('char'), threads: 1 }
  await expect(predict({ ...asked, text: ['1'], top: 3 })).rejects.toThrow(
    'top is how many tokens to suggest for a gap, and this model writes; leave it out',
  )
  await writeFile(path('words.jsonl'), '{"words": ["a"]}')
  await expect(predict({ ...asked, data: [path('words.jsonl')] })).rejects.toThrow(
    'words are for models that read whole texts, and this one writes',
  )
})

test('a prompt that fills the context is left out of the matches, as of the loss', async () => {
  const long = { prompt: '中'.repeat(40), completion: '零！' }
  const some = [records[0], long, records[1]]
  await writeFile(path('long.jsonl'), some.map((one) => JSON.stringify(one)).join('\n'))
  const asked = { model: path('char'), data: [path('long.jsonl')], threads: 1 }
  const { items, metrics } = await evaluate({ ...asked, task: 'completion' })
  expect(items.map(({ id }) => id)).toEqual(['1', '3'])
  expect(metrics.exactMatch?.value).toBe(1)
})
