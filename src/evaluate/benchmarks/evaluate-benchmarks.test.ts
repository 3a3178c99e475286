import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { solutions, writeBenchmarks } from '../../../test/tiny-benchmarks.ts'
import { jsonLines, useTraining } from '../../../test/tiny-training.ts'
import { saveModel } from '../../checkpoint/save.ts'
import { sizeOf } from '../../graph/index.ts'
import { gpt2Config } from '../../models/decoder-config.ts'
import { bertConfig, bertHead } from '../../models/encoder-config.ts'
import { transformerConfig } from '../../models/encoder-decoder-config.ts'
import { createModel, type ModelConfig } from '../../models/model.ts'
import { trainCharTokenizer } from '../../text/char.ts'
import { evaluateBenchmarks } from './evaluate-benchmarks.ts'
import type { BenchmarkOptions } from './options.ts'

const { path, learn } = useTraining()

/** Those whose prompts are short; all are learned in the long test. */
const CHOICES = ['cmmlu', 'arc-easy', 'lambada', 'blimp', 'chnsenticorp']
/** Characters of questions and choices that are wrong. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'
const learned = (name: string) => solutions(name, path('tasks'))

const measure = (options: Partial<BenchmarkOptions>, signal?: AbortSignal) =>
  evaluateBenchmarks(
    { model: path('knows'), benchmark: [], benchmarkDir: path('tasks'), threads: 1, ...options },
    { signal },
  )

beforeAll(async () => {
  await writeBenchmarks(path('tasks'))
  const all = await Promise.all([...CHOICES, 'gsm8k'].map(learned))
  const records = [...all.flat(), ALPHABET].map((text) => ({ text }))
  const sizes = { layers: 2, dim: 48, heads: 2, context: 120, batch: 8, steps: 160, lr: 5e-3 }
  await learn('knows', records, { ...sizes, documents: 'whole', val: 0, seed: 1 })
}, 60_000)

/** A model whose weights are 0, except `first`, those that begin a tensor: logits are equal. */
async function saveZeros(
  name: string,
  texts: readonly string[],
  config: (vocabSize: number) => ModelConfig,
  first: (shape: readonly number[]) => readonly number[] = () => [],
): Promise<void> {
  const tokenizer = await trainCharTokenizer(texts)
  const model = createModel(config(tokenizer.vocabSize))
  const shapes = model.parameters()
  const values = {
    tensor: (parameter: string) => ({
      read: async () => {
        const shape = shapes.get(parameter)?.shape as number[]
        const array = new Float32Array(sizeOf(shape))
        array.set(first(shape))
        return array
      },
    }),
  }
  await saveModel(path(name), { model, tokenizer, values })
}

const sizes = { context: 200, layers: 1, dim: 8, heads: 1 }

describe('a model that has learned the answers', () => {
  test('scores 1 on every benchmark', async () => {
    const runs = await measure({ benchmark: [CHOICES.join(',')] })
    const scores = runs.map(({ name, metrics }) => [name, metrics.accuracy?.value])
    expect(scores).toEqual(CHOICES.map((name) => [name, 1]))
    const { metrics, confusion, items } = runs[0] as (typeof runs)[number]
    expect(metrics.accuracy?.low).toBeLessThan(1)
    expect(confusion).toEqual({
      labels: ['C', 'D'],
      counts: [
        [1, 0],
        [0, 1],
      ],
    })
    expect(items.map(({ id, expected, predicted }) => [id, expected, predicted])).toEqual([
      ['arts/2', 'C', 'C'],
      ['arts/3', 'D', 'D'],
    ])
    const lambada = runs.find(({ name }) => name === 'lambada')
    expect(lambada?.metrics.wordPerplexity?.value).toBeLessThan(1.5)
  })

  test('writes the answers, which end at the stop strings', async () => {
    const [run] = await measure({ benchmark: ['gsm8k'], fewShot: 0, maxTokens: 60 })
    expect(run?.items[0]?.predicted).toBe(' It is 2 + 2 = 4.\n#### 4')
    expect(run?.items[1]).toMatchObject({
      expected: '1000',
      scores: { exactMatch: 1, flexibleMatch: 1 },
    })
    expect(run?.metrics.exactMatch?.value).toBe(1)
  })

  test('finds its own text likely', async () => {
    const text = (await learned('lambada'))[0] as string
    await writeFile(path('texts.jsonl'), jsonLines([{ text }, { text: text.slice(5) }]))
    const [run] = await measure({ benchmark: [path('texts.jsonl')] })
    const [known, other] = (run?.items ?? []).map(({ scores }) => scores)
    expect(known).toMatchObject({ tokens: text.length, words: 6, bytes: text.length })
    expect((known?.loss as number) / text.length).toBeLessThan(0.5)
    expect(other?.loss).toBeGreaterThan(known?.loss as number)
    const total = (known?.loss as number) + (other?.loss as number)
    expect(run?.metrics.bitsPerByte?.value).toBeCloseTo(total / Math.LN2 / (2 * text.length - 5), 6)
    expect(run?.metrics.wordPerplexity?.value).toBeCloseTo(Math.exp(total / 11), 3)
  })
})

test('constant logits score 0 where choices have as many tokens', async () => {
  const texts = (await Promise.all(CHOICES.map(learned))).flat()
  await saveZeros('constant', [...texts, ALPHABET], (vocabSize) =>
    gpt2Config({ vocabSize, ...sizes }),
  )
  const runs = await measure({ model: path('constant'), benchmark: CHOICES })
  for (const { name, metrics, items } of runs) {
    expect([name, metrics.accuracy?.value]).toEqual([name, 0])
    for (const { expected, predicted } of items) expect(predicted).not.toBe(expected)
  }
  const unknown = measure({ model: path('constant'), benchmark: ['trec'] })
  await expect(unknown).rejects.toThrow(/^question 0: character \d+ of the text, "N"/)
})

describe('an interrupted run', () => {
  const asked = { benchmark: ['chnsenticorp', 'cmmlu'], out: '' }
  const read = async (file: string) => (await readFile(join(asked.out, file), 'utf8')).split('\n')

  test('resumes after the items that are there, and ends as an uninterrupted one', async () => {
    asked.out = path('whole')
    const whole = await measure(asked)
    const lines = await read('chnsenticorp/items.jsonl')
    expect(lines).toHaveLength(4)
    expect(JSON.parse((await read('cmmlu/results.json')).join('\n')).metrics.accuracy.value).toBe(1)
    asked.out = path('parts')
    await expect(measure(asked, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
    // As a killed process leaves it.
    const wrong = { ...JSON.parse(lines[1] as string), predicted: '正面', scores: { correct: 0 } }
    await appendFile(
      join(asked.out, 'chnsenticorp/items.jsonl'),
      `${JSON.stringify(wrong)}\n{"id": "2", "sco`,
    )
    const told: string[] = []
    const resumed = await evaluateBenchmarks(
      { ...asked, model: path('knows'), benchmarkDir: path('tasks'), threads: 1 },
      { onMessage: (text) => told.push(text) },
    )
    expect(told).toContain('chnsenticorp: resumes after 1 of 3 items')
    expect(resumed.map(({ items }) => items.length)).toEqual(whole.map(({ items }) => items.length))
    expect(resumed[0]?.items[0]).toEqual(whole[0]?.items[0])
    expect(resumed[0]?.items[1]).toEqual(wrong)
    expect(await read('chnsenticorp/items.jsonl')).toHaveLength(4)
    // What is finished is read, and still compared.
    const { mtimeMs } = await stat(join(asked.out, 'cmmlu/results.json'))
    const again = await measure({ ...asked, noWorseThan: path('whole'), failUnder: { f1: 1 } })
    expect(again.map(({ failures }) => failures.map(({ metric }) => metric))).toEqual([['f1'], []])
    expect(again[0]?.comparison?.metrics.accuracy?.difference.value).toBeCloseTo(-1 / 3, 6)
    expect((await stat(join(asked.out, 'cmmlu/results.json'))).mtimeMs).toBe(mtimeMs)
    expect(await read('cmmlu/report.html')).not.toHaveLength(0)
    await expect(measure({ ...asked, failUnder: { bleu: 1 } })).rejects.toThrow(
      'failUnder names bleu, which is not measured here',
    )
  })

  test('is not resumed with other settings, another model, or beside another run', async () => {
    asked.out = path('whole')
    await expect(measure({ ...asked, limit: 2 })).rejects.toThrow(
      /whole.chnsenticorp was begun with limit nothing, and now it is 2; give the same options/,
    )
    await expect(measure({ ...asked, fewShot: 1 })).rejects.toThrow('begun with fewShot 0')
    await expect(measure({ ...asked, model: path('constant') })).rejects.toThrow('begun with model')
  })

  test('is not resumed with other questions, nor with a file of the same name', async () => {
    for (const [folder, answer] of [
      ['one', 0],
      ['two', 1],
    ] as const)
      await writeBenchmarks(path(folder), {
        'q.jsonl': jsonLines([{ question: 'a', choices: ['b', 'c'], answer }]),
      })
    const [one, two] = [path('one/q.jsonl'), path('two/q.jsonl')]
    await measure({ benchmark: [one], out: path('own') })
    await measure({ benchmark: [one], out: path('own') })
    await expect(measure({ benchmark: [two], out: path('own') })).rejects.toThrow(
      /own.q was begun with questions "\w{64}", and now it is .* and data to resume/,
    )
    await expect(measure({ benchmark: [one, two] })).rejects.toThrow('benchmark q is given twice')
  })
})

describe('questions in a chat', () => {
  test('are a user’s messages, and choices the answers', async () => {
    const template = '{% for m in messages %}{{ m.content }}{% endfor %}'
    await writeFile(path('plain.jinja'), template)
    const asked = { benchmark: ['cmmlu'], asChat: true, chatTemplate: path('plain.jinja') }
    const [chat] = await measure(asked)
    const [plain] = await measure({ benchmark: ['cmmlu'] })
    // The choice has no blank before it, which the model has not learned.
    expect(chat?.items[0]?.scores.loss).toBeGreaterThan(plain?.items[0]?.scores.loss as number)
    await expect(measure({ ...asked, benchmark: ['blimp'] })).rejects.toThrow(
      '--as-chat: blimp has no prompts',
    )
    await expect(measure({ ...asked, chatTemplate: undefined })).rejects.toThrow(
      'has no chat template; give --chat-template FILE',
    )
    await expect(measure({ ...asked, asChat: false })).rejects.toThrow('add --as-chat')
  })
})

test('a prompt longer than the context loses its beginning', async () => {
  await writeFile(
    path('long.jsonl'),
    jsonLines([{ context: 'a'.repeat(300), choices: ['b', 'c'], answer: 0 }]),
  )
  const told: string[] = []
  await evaluateBenchmarks(
    { model: path('knows'), benchmark: [path('long.jsonl')], threads: 1 },
    { onMessage: (text) => told.push(text) },
  )
  expect(told).toEqual([
    'long: 1 of 1 prompts are longer than the model’s context; their beginnings are left out',
  ])
})

test('a choice longer than the context loses its own beginning', async () => {
  const choices = ['b'.repeat(300), 'c']
  await writeFile(path('choice.jsonl'), jsonLines([{ context: 'a', choices, answer: 0 }]))
  const told: string[] = []
  await evaluateBenchmarks(
    { model: path('knows'), benchmark: [path('choice.jsonl')], threads: 1 },
    { onMessage: (text) => told.push(text) },
  )
  expect(told).toEqual([
    'choice: 1 of 1 questions have choices that are longer than the model’s context; only the ' +
      'ends of these are measured',
  ])
})

test('options that change nothing are refused', async () => {
  await expect(measure({ benchmark: ['blimp'], maxTokens: 9 })).rejects.toThrow(
    '--max-tokens 9 changes nothing: the model writes no answers; leave it out',
  )
  for (const asked of [{ benchmark: ['blimp'] }, { benchmark: ['cmmlu'], fewShot: 1 }])
    await expect(measure({ ...asked, seed: 2 })).rejects.toThrow(
      '--seed 2 changes nothing: no examples are drawn; leave it out',
    )
})

describe('a classifier', () => {
  test('is measured on a benchmark of its labels, and on no other', async () => {
    const records = [
      { text: '很好,"安静"', label: 1 },
      { text: '不错', label: 1 },
      { text: '太差', label: 0 },
    ]
    await learn('classifier', records, { task: 'classify', val: 0, steps: 60 })
    const asked = { model: path('classifier'), benchmark: ['chnsenticorp'] }
    const [run] = await measure(asked)
    expect(run?.metrics.accuracy?.value).toBe(1)
    expect(run?.confusion).toEqual({
      labels: ['正面', '负面'],
      counts: [
        [2, 0],
        [0, 1],
      ],
    })
    expect(run?.items[0]?.probabilities?.正面).toBeGreaterThan(0.5)
    await expect(measure({ ...asked, benchmark: ['trec'] })).rejects.toThrow(
      "benchmark trec: the model's labels are 0, 1; expected ABBR (or Abbreviation)",
    )
    await expect(measure({ ...asked, benchmark: ['mmlu'] })).rejects.toThrow(
      'is made for the task classify; benchmarks measure decoders',
    )
    await expect(measure({ ...asked, fewShot: 1 })).rejects.toThrow('a classifier reads no prompt')
  })

  test('scores 0 where its classes tie, and has a finite loss where it is wrong', async () => {
    const head = { ...bertHead('classify'), labels: ['0', '1'] }
    const config = (vocabSize: number) => bertConfig({ vocabSize, ...sizes, head })
    const texts = await learned('chnsenticorp')
    await saveZeros('undecided', texts, config)
    const asked = { model: path('undecided'), benchmark: ['chnsenticorp'] }
    const [tied] = await measure(asked)
    expect(tied?.metrics.accuracy?.value).toBe(0)
    const bias = (shape: readonly number[]) => (shape[0] === 2 && !shape[1] ? [2e3, 0] : [])
    await saveZeros('sure', texts, config, bias)
    const out = path('sure-eval')
    const [sure] = await measure({ ...asked, model: path('sure'), out })
    expect(sure?.items.map(({ scores }) => scores.correct)).toEqual([0, 1, 0])
    expect(sure?.items[0]?.scores.loss).toBeCloseTo(-Math.log(Number.EPSILON), 9)
    const [read] = await measure({ ...asked, model: path('sure'), out })
    expect(read?.items[0]).toEqual(sure?.items[0])
  })

  test('nor are encoder-decoders and masked language models', async () => {
    await saveZeros('pairs', ['abc'], (vocabSize) =>
      transformerConfig({ vocabSize, ...sizes, startId: 1 }),
    )
    await saveZeros('masked', ['abc'], (vocabSize) =>
      bertConfig({ vocabSize, ...sizes, head: bertHead('mlm') }),
    )
    for (const [name, what] of [
      ['pairs', 'an encoder-decoder'],
      ['masked', 'made for the task mlm'],
    ] as const)
      await expect(measure({ model: path(name), benchmark: ['sst2'] })).rejects.toThrow(
        `is ${what}; benchmarks measure decoders`,
      )
  })
})
