import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { jsonLines, useTraining } from '../../test/tiny-training.ts'
import { type Examples, IGNORE } from '../data/batch.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { createModel } from '../models/model.ts'
import { type TaskName, taskOf, trainingOptionsOf } from '../tasks/index.ts'
import type { TrainingSource } from '../tasks/task.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { modelConfig } from './dial.ts'
import type { TrainOptions } from './options.ts'
import { train } from './train.ts'

const { path } = useTraining()

const put = async (name: string, content: string | readonly object[]) => {
  await writeFile(path(name), typeof content === 'string' ? content : jsonLines(content))
  return path(name)
}

/** The rows of a task's mixture of two sources with the weights 1 and 3. */
async function mixed(
  name: TaskName,
  data: readonly string[],
  { validation = 0.1, ...given }: { validation?: TrainingSource['validation']; documents?: string },
) {
  const corpus = await openCorpus(data)
  const options = z.object(trainingOptionsOf(name)).parse(given)
  const source: TrainingSource = {
    parts: corpus
      .bySource()
      .map((one, i) => ({ name: `part ${i}`, corpus: one, weight: 1 + 2 * i })),
    validation,
    seed: 1,
    shuffle: true,
    folder: path(`data of ${name} ${JSON.stringify(given)}`),
    resume: false,
    report: () => {},
    tell: () => {},
  }
  const task = taskOf(name)
  const opened = await task.open(source, options)
  const kind = task.kinds[0] === 'encoder' ? 'encoder' : 'decoder'
  const texts: string[] = []
  for await (const text of opened.texts()) texts.push(text)
  const tokenizer = await trainCharTokenizer(texts, { kind })
  const { architecture } = task
  const sizes = { architecture, layers: 1, dim: 8, heads: 1, context: 8 } as const
  const { vocabSize, padId = 0 } = tokenizer
  const model = createModel(
    modelConfig(sizes as TrainOptions, { vocabSize, head: opened.head, startId: 0, padId }),
  )
  const rows = await opened.prepare({ model, tokenizer }, 8)
  return { rows, tokenizer, close: () => opened.close() }
}

/** How many of the targets' or inputs' tokens are of each character. */
function shareOf(character: string, arrays: readonly Int32Array[], id: number): number {
  const all = arrays.flatMap((array) => [...array]).filter((token) => token !== IGNORE)
  expect(all.length, character).toBeGreaterThan(0)
  return all.filter((token) => token === id).length
}

const letters = ['a', '雪'] as const

test.each([
  ['lm', {}],
  ['lm', { documents: 'whole' }],
  ['mlm', {}],
] as const)('text is read by weight, and held out of every source: %s %j', async (name, given) => {
  const short = (text: string) => Array.from({ length: 40 }, () => ({ text: text.repeat(6) }))
  const data =
    name === 'lm' && !('documents' in given)
      ? [await put('a.txt', 'a'.repeat(3000)), await put('snow.jsonl', short('雪'))]
      : [await put('a.jsonl', short('a')), await put('snow.jsonl', short('雪'))]
  const { rows, tokenizer, close } = await mixed(name, data, given)
  try {
    const ids = letters.map((letter) => tokenizer.encode(letter)[0] as number)
    const reader = rows.reader(8)
    const batches = Array.from({ length: 300 }, () => reader.next({}) as Examples)
    const count = (all: typeof batches) =>
      ids.map((id, i) =>
        shareOf(
          letters[i] as string,
          all.map(({ arrays }) => arrays.targets as Int32Array),
          id,
        ),
      ) as [number, number]
    const [as, snow] = count(batches)
    expect(snow / (as + snow)).toBeCloseTo(0.75, 1)
    const held = [...(rows.validation?.(8).batches() ?? [])]
    const [heldAs, heldSnow] = count(held)
    expect(heldAs).toBeGreaterThan(0)
    expect(heldSnow).toBeGreaterThan(0)
    expect(rows.notices.slice(0, 2)).toEqual([
      expect.stringMatching(/^part 0: 25\.0 % of the (rows|tokens) read; an epoch reads its \d+/),
      expect.stringMatching(/^part 1: 75\.0 % of the (rows|tokens) read/),
    ])
  } finally {
    close()
  }
})

test('records are read by weight, and held out of every source', async () => {
  const records = (text: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ text: `${text}${i}`, label: text }))
  const data = [
    await put('many.jsonl', records('a', 90)),
    await put('few.jsonl', records('雪', 30)),
  ]
  const { rows } = await mixed('classify', data, {})
  const reader = rows.reader(10)
  const labels = Array.from({ length: 200 }, () => reader.next({})).flatMap((batch) => [
    ...((batch as Examples).arrays.targets as Int32Array),
  ])
  expect(labels.filter((label) => label === 1).length / labels.length).toBeCloseTo(0.75, 1)
  const held = [...(rows.validation?.(10).batches() ?? [])].flatMap((batch) => [
    ...(batch.arrays.targets as Int32Array),
  ])
  expect(held.sort()).toEqual([...Array(9).fill(0), ...Array(3).fill(1)])
  expect(rows.most).toBe(81 + 27)
  expect(rows.notices.slice(0, 2)).toEqual([
    'part 0: 25.0 % of the rows read; an epoch reads its 81 rows 0.33 times',
    'part 1: 75.0 % of the rows read; an epoch reads its 27 rows 3 times',
  ])
})

const options = (out: string): TrainOptions => ({
  data: [path('one.txt'), path('two.csv#评论')],
  weights: [1, 3],
  out: path(out),
  tokenizer: 'char',
  layers: 1,
  dim: 16,
  heads: 2,
  context: 8,
  steps: 12,
  evalEvery: 6,
  threads: 1,
})

test('a mixture resumes to the last bit; other weights are told, none are refused', async () => {
  await put('one.txt', 'the snow is white, 12. '.repeat(60))
  await put('two.csv', `n;评论\n${'1;"雪，很白; ""真的"""\n'.repeat(60)}`)
  await train(options('whole'))
  const stop = new AbortController()
  const cut = options('cut')
  await train(cut, { signal: stop.signal, onMetrics: ({ step }) => step === 8 && stop.abort() })
  await train({ ...cut, resume: true })
  const weights = (out: string) => readFile(path(`${out}/checkpoints/step-12/model.safetensors`))
  expect((await weights('cut')).equals(await weights('whole'))).toBe(true)
  const messages: string[] = []
  const more = { ...cut, steps: 14, resume: true }
  await train({ ...more, weights: [1, 1] }, { onMessage: (text) => messages.push(text) })
  expect(messages.join('\n')).toContain('--weights: 1 3 before, 1 1 now')
  await expect(train({ ...more, weights: undefined })).rejects.toThrow(/data/)
}, 60_000)

test('a source for validation is one for all parts, and none of it is learned', async () => {
  await put('one.txt', 'the snow is white, 12. '.repeat(60))
  await put('two.csv', `n;评论\n${'1;"雪，很白; ""真的"""\n'.repeat(60)}`)
  await put('held.txt', '雪 is white. '.repeat(20))
  const { loss } = await train({ ...options('own'), val: [path('held.txt')] })
  expect(loss).toBeGreaterThan(0)
  await expect(train({ ...options('same'), val: [path('two.csv#评论')] })).rejects.toThrow(
    /two\.csv is among the training data/,
  )
}, 60_000)

test.each<[Partial<TrainOptions>, string]>([
  [{ weights: [3] }, '--weights has 1, 3, and --data names 2 sources; give one weight for each'],
  [{ weights: [1, 0] }, 'weights.1: expected a number greater than 0'],
  [{ data: ['x'], weights: [2] }, '--weights 2 changes nothing: --data names one source alone'],
])('refuses %j', async (given, message) => {
  await expect(train({ ...options('no'), ...given })).rejects.toThrow(message)
})

test('refuses a file that is in two parts', async () => {
  await put('one.txt', 'the snow is white, 12. '.repeat(60))
  const data = [path('*.txt'), path('one.txt')]
  await expect(train({ ...options('no'), data })).rejects.toThrow(/one\.txt is in two sources, /)
})
