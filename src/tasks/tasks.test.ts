import { readFile, rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  bad,
  checkClassifier,
  good,
  jsonLines,
  many,
  pick,
  random,
  review,
  useTraining,
} from '../../test/tiny-training.ts'
import { generate } from '../generate/generate.ts'
import { load } from '../generate/load.ts'
import { classify, estimate } from '../predict/classify.ts'
import { cosineSimilarity, embed } from '../predict/embed.ts'
import { fillMask } from '../predict/fill-mask.ts'
import { tag } from '../predict/tag.ts'
import type { TrainOptions } from '../train/options.ts'
import { train } from '../train/train.ts'

const training = useTraining()
const { path, learn, withTextModel } = training

test('a label for each text: llama', () => checkClassifier(training, 'llama'))

test('sorted records are validated on all labels; without shuffling, on the last', async () => {
  const sorted = ['ab', 'cd', 'ef', 'gh', '雪'].flatMap((text) =>
    many(() => ({ text: `${text} ${random.integer(10)}`, label: text }), 40),
  )
  const options = { task: 'classify', steps: 60 } as const
  const { metrics } = await learn('sorted', sorted, options)
  expect(metrics).toEqual({ accuracy: 1, f1: 1 })
  const end = await learn('sorted-end', sorted, { ...options, val: 0.2, shuffle: false })
  expect(end.metrics).toEqual({ accuracy: 0, f1: 0 })
  await expect(
    learn('sorted-idle', sorted, { ...options, val: 0, shuffle: false }),
  ).rejects.toThrow('--shuffle false changes nothing: it says how a share of the data is drawn')
})

test('a number for each text', async () => {
  const score = () => {
    const { text, label } = review()
    return { text, label: label === 'good' ? 1 : -1.5 }
  }
  const { loss, metrics } = await learn('regress', many(score), { task: 'regress' })
  expect(loss).toBeLessThan(0.1)
  expect(metrics?.correlation).toBeGreaterThan(0.9)
  expect(metrics?.meanAbsoluteError).toBeLessThan(0.3)
  await withTextModel('regress', async (model) => {
    const [high, low] = await estimate(model, ['it is fine', 'it is 很差 !'])
    expect(high).toBeCloseTo(1, 0)
    expect(low).toBeCloseTo(-1.5, 0)
    await expect(classify(model, ['x'])).rejects.toThrow('this model is for the task regress')
  })
})

test('a tag for each word', async () => {
  const sentence = () => {
    const words = many(() => pick(['ab', 'a', '12', '3', '雪']), 1 + random.integer(3))
    return { words, tags: words.map((word) => (/\d/.test(word) ? 'number' : 'word')) }
  }
  const { metrics } = await learn('tag', many(sentence), { task: 'tag' })
  expect(metrics?.accuracy).toBeGreaterThan(0.95)
  expect(metrics?.f1).toBeGreaterThan(0.95)
  await withTextModel('tag', async (model) => {
    const [tagged] = await tag(model, [['雪', '12', 'ab']])
    expect(tagged?.map((one) => one.tag)).toEqual(['word', 'number', 'word'])
    const [long] = await tag(model, [many(() => 'ab', 20)])
    expect(long?.at(-1)?.tag).toBeUndefined()
  })
})

test('texts that belong together get vectors that are near', async () => {
  const pair = () => {
    const i = random.integer(3)
    return {
      anchor: `${good[i]} ${random.integer(10)}`,
      positive: `${bad[i]} ${random.integer(9)}`,
    }
  }
  await learn('embed', many(pair), { task: 'embed', batch: 8 })
  await withTextModel('embed', async (model) => {
    const [a, b, c] = (await embed(model, ['fine 1', 'poor 5', 'bad 5'])) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    expect(Math.hypot(...a)).toBeCloseTo(1, 5)
    expect(cosineSimilarity(a, b)).toBeGreaterThan(cosineSimilarity(a, c) + 0.3)
  })
  // sentence-transformers reads how vectors are made from files of its own.
  const pooling = JSON.parse(await readFile(path('embed/1_Pooling/config.json'), 'utf8'))
  expect(pooling.pooling_mode_mean_tokens).toBe(true)
})

test('masked tokens are predicted', async () => {
  await learn('mlm', 'abcdefgh'.repeat(500), { task: 'mlm', steps: 400 })
  await withTextModel('mlm', async (model) => {
    const [gap] = await fillMask(model, 'cd[MASK]fghabc')
    expect(gap?.[0]?.text).toBe('e')
    expect(gap?.[0]?.probability).toBeGreaterThan(0.5)
    await expect(fillMask(model, 'cdefg')).rejects.toThrow('no gap to fill; write [MASK] for one')
  })
  // The body that learned to fill gaps learns to classify.
  const texts = many(() => ({ text: pick(['abc', 'bcd', 'hgf', 'fed']), label: 'up' })).map(
    ({ text }) => ({ text, label: text < 'c' ? 'up' : 'down' }),
  )
  const file = path('direction.jsonl')
  await writeFile(file, jsonLines(texts))
  const further: TrainOptions = {
    model: path('mlm'),
    data: [file],
    out: path('transferred'),
    steps: 60,
    lr: 3e-3,
    batch: 16,
    threads: 2,
    task: 'classify',
  }
  expect((await train(further)).loss).toBeLessThan(0.1)
  await expect(train({ ...further, layers: 3, out: path('x') })).rejects.toThrow(
    'layers is that of the model in',
  )
})

test('a base with other labels, and one that knows them already', async () => {
  const three = ['a', 'b', 'c'].flatMap((label) => many(() => ({ text: label, label }), 20))
  await learn('three', three, { task: 'classify', architecture: 'distilbert', steps: 60 })
  const [two, other] = [
    three.filter(({ label }) => label !== 'c'),
    three.map(({ text }) => ({ text, label: text === 'a' ? 'first' : 'later' })),
  ]
  const labelsAfter = async (name: string, records: readonly object[]) => {
    const file = path(`${name}.jsonl`)
    await writeFile(file, jsonLines(records))
    const base = { model: path('three'), data: [file], out: path(name) }
    const { metrics } = await train({
      ...base,
      task: 'classify',
      steps: 40,
      lr: 3e-3,
      threads: 2,
      val: [file],
    })
    expect(metrics?.accuracy).toBe(1)
    const { model_type } = JSON.parse(await readFile(path(`${name}/config.json`), 'utf8'))
    expect(model_type).toBe('distilbert')
    return withTextModel(name, async (model) => model.head.labels)
  }
  expect(await labelsAfter('two', two)).toEqual(['a', 'b', 'c'])
  expect(await labelsAfter('other', other)).toEqual(['first', 'later'])
})

test('few pairs are held out, and rows of masked tokens need room', async () => {
  const pairs = Array.from({ length: 30 }, (_, i) => {
    return { anchor: `${good[i % 3]} ${i % 10}`, positive: `${bad[i % 3]}` }
  })
  const told: string[] = []
  const options = { task: 'embed', batch: 40, steps: 20 } as const
  const { metrics } = await learn('few', pairs, options, (text) => told.push(text))
  expect(told).toEqual(['a batch has 27 records, not 40: there are no more'])
  expect(metrics?.recallAt1).toBeGreaterThanOrEqual(0)
  await expect(learn('narrow', 'abc'.repeat(99), { task: 'mlm', context: 2 })).rejects.toThrow(
    'context',
  )
})

test('a training on records that was stopped early goes on, but not on other records', async () => {
  const stop = new AbortController()
  const file = path('stopped.jsonl')
  const records = many(review, 60)
  await writeFile(file, jsonLines(records))
  const options: TrainOptions = {
    data: [file],
    out: path('stopped'),
    tokenizer: 'char',
    threads: 2,
    layers: 1,
    dim: 32,
    heads: 2,
    context: 16,
    steps: 40,
    batch: 4,
    task: 'classify',
  }
  const onMetrics = ({ step }: { step: number }) => step === 2 && stop.abort()
  const { ended } = await train(options, { signal: stop.signal, onMetrics })
  expect(ended).toBe('aborted')
  await writeFile(file, jsonLines(records.map((one) => ({ ...one, text: 'good' }))))
  await expect(train({ ...options, resume: true })).rejects.toThrow('records')
  await writeFile(file, jsonLines(records))
  const resumed = await train({ ...options, resume: true })
  const whole = await train({ ...options, out: path('whole') })
  expect(resumed.loss).toBe(whole.loss)
})

test.each([
  ['classify', [{ text: 'a' }], 'label'],
  ['classify', [{ text: 'a', label: 'x' }], 'one label only'],
  ['regress', [{ text: 'a', label: 'high' }], 'expected a number'],
  ['tag', [{ words: ['a'], tags: [] }], '1 words and 0 tags'],
  ['tag', [{ words: ['a'], tags: ['X'] }], 'one tag only, "X"'],
  ['embed', [{ anchor: 'a' }], 'positive'],
  ['seq2seq', [{ source: 'a' }], 'target'],
  [
    'seq2seq',
    [
      { sources: ['a', 'b'], target: 'c' },
      { source: 'a', target: 'c' },
    ],
    '1 sources, but',
  ],
] as const)('faulty records of %s are refused by line: %j', async (task, records, message) => {
  await expect(learn(`bad-${task}`, records, { task, val: 0 })).rejects.toThrow(message)
})

test('too few records for validation: it is said', async () => {
  const messages: string[] = []
  await learn('too-few', many(review, 3), { task: 'classify', steps: 1 }, (text) =>
    messages.push(text),
  )
  expect(messages).toContainEqual(
    expect.stringMatching(/^the data is too small \(3\) to keep a share/),
  )
})

test('what cannot be trained is refused before anything is made', async () => {
  const refused = (options: Partial<TrainOptions>, message: string) =>
    expect(learn('refused', 'abc'.repeat(200), options)).rejects.toThrow(message)
  await refused({ task: 'lm', architecture: 't5' }, 'task lm trains decoders')
  await refused({ task: 'mlm', architecture: 'llama' }, 'task mlm trains encoders')
  await refused({ model: path('refused') }, 'the model that is trained further')
  const pairs = many(() => ({ anchor: 'a', positive: 'b' }), 20)
  await expect(learn('alone', pairs, { task: 'embed', batch: 1 })).rejects.toThrow('a batch of 2')
})

test('an option that would change nothing is refused', async () => {
  const records = many(review, 20)
  const refused = (options: Partial<TrainOptions>, message: string) =>
    expect(learn('idle', records, options)).rejects.toThrow(message)
  await refused(
    { task: 'classify', maskProbability: 0.2 },
    '--mask-probability does not apply to the task classify',
  )
  await refused({ task: 'classify', targetContext: 9 }, 'only to seq2seq')
  await refused(
    { task: 'regress', labelSmoothing: 0.1 },
    '--label-smoothing does not apply to the task',
  )
  await refused(
    { task: 'classify', vocab: 99 },
    '--vocab 99 changes nothing: it is the size of a new bpe tokenizer, not of char',
  )
})

test.each([
  ['classify', { text: 'é', label: 'a' }],
  ['tag', { words: ['é'], tags: ['a'] }],
  ['embed', { anchor: 'a', positive: 'é' }],
] as const)('a record that cannot be encoded is named: %s', async (task, record) => {
  const own = { classify: { text: 'a', label: 'b' }, tag: { words: ['a'], tags: ['b'] } }
  const base = many(() => ({ ...own, embed: { anchor: 'a', positive: 'a' } })[task], 9)
  const file = path(`unknown-${task}.jsonl`)
  await learn('plain', 'abc '.repeat(99), { task: 'mlm', steps: 1 })
  await writeFile(file, jsonLines([...base, record]))
  const options = { model: path('plain'), data: [file], out: path(`named-${task}`), val: 0 }
  await expect(train({ ...options, task, steps: 1, threads: 2 })).rejects.toThrow(
    /unknown-\w+\.jsonl:10: .*é/,
  )
  await rm(path('plain'), { recursive: true })
})

test('sources that were cut in training are measured as they were cut', async () => {
  const long = many(() => ({ source: 'ab'.repeat(20), target: 'b' }), 40)
  const messages: string[] = []
  const file = path('long.jsonl')
  await writeFile(file, jsonLines(long))
  const sizes = { layers: 1, dim: 32, heads: 2, context: 8, steps: 40, batch: 8, lr: 5e-3 }
  const options = { ...sizes, data: [file], out: path('long'), tokenizer: 'char', threads: 2 }
  const { metrics } = await train(
    { ...options, task: 'seq2seq' },
    { onMessage: (text) => messages.push(text) },
  )
  expect(metrics).toEqual({ exactMatch: 1 })
  expect(messages.join()).toContain('lose their ends')
  const model = await load(path('long'), { threads: 1 })
  await expect(generate(model, { prompt: 'ab'.repeat(20) })).rejects.toThrow(
    "the text to read has 41 tokens, but the model's context is 8",
  )
  await model.dispose()
})
