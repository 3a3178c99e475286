import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { pick, random, useTraining } from '../../test/tiny-training.ts'
import { evaluate } from '../evaluate/evaluate.ts'
import { predict } from '../predict/predict.ts'
import type { TrainOptions } from './options.ts'
import { train } from './train.ts'

const { path } = useTraining()

/** GBK of the characters below. */
const GBK: Readonly<Record<string, readonly number[]>> = {
  评: [0xc6, 0xc0],
  论: [0xc2, 0xdb],
  星: [0xd0, 0xc7],
  很: [0xba, 0xdc],
  好: [0xba, 0xc3],
  差: [0xb2, 0xee],
  '，': [0xa3, 0xac],
  '；': [0xa3, 0xbb],
}
const gbk = (text: string) =>
  Buffer.from([...text].flatMap((one) => GBK[one] ?? [...Buffer.from(one)]))

const rows = (count: number) =>
  Array.from({ length: count }, () => {
    const stars = pick([1, 5])
    const said = stars === 5 ? '很好' : '很差'
    const text = pick([`room; ${said}，ok`, `${said}；"so"\nsaid`, `a, ${said}`])
    return { text: `${text} ${random.integer(10)}`, stars }
  })
const table = (all: ReturnType<typeof rows>) =>
  `"评论";n;星\n${all
    .map(({ text, stars }, i) => `"${text.replaceAll('"', '""')}";${i};${stars}\n`)
    .join('')}`

const options = (out: string, task: 'classify' | 'regress'): TrainOptions => ({
  task,
  data: [path('reviews.csv')],
  textField: '评论',
  labelField: '星',
  out: path(out),
  tokenizer: 'char',
  layers: 2,
  dim: 32,
  heads: 2,
  context: 24,
  steps: 100,
  batch: 16,
  lr: 5e-3,
  threads: 2,
})

test('a table trains a classifier, which is measured and asked by tables', async () => {
  await writeFile(path('reviews.csv'), gbk(table(rows(200))))
  const held = rows(20)
  await writeFile(path('held.csv'), `\ufeff${table(held)}`)
  const messages: string[] = []
  const onMessage = (text: string) => messages.push(text)
  const { metrics } = await train(
    { ...options('stars', 'classify'), encoding: 'gbk' },
    { onMessage },
  )
  expect(metrics?.accuracy).toBe(1)
  expect(messages).toContain(
    `${path('reviews.csv')}: a table with the columns 评论, n, 星, separated by semicolons`,
  )
  const fields = { textField: '评论', labelField: '星' }
  const asked = { model: path('stars'), data: [path('held.csv')], threads: 1 }
  expect((await evaluate({ ...asked, ...fields })).metrics.accuracy?.value).toBe(1)
  const predictions = await predict({ ...asked, textField: '评论' })
  expect(predictions.map(({ text }) => text)).toEqual(held.map(({ text }) => text))
  expect(predictions.map(({ label }) => label)).toEqual(held.map(({ stars }) => `${stars}`))

  await expect(predict(asked)).rejects.toThrow(
    /held\.csv:2: does not fit; expected {"text": .* are 评论, n, 星 \(and 19 more like it\)$/,
  )
  await expect(predict({ ...asked, textField: '评' })).rejects.toThrow(/held\.csv:2: 评 is missing/)
  await expect(evaluate({ ...asked, ...fields, labelField: 'n' })).rejects.toThrow(
    /held\.csv:2: the label "0" is not one of the model's: 1, 5/,
  )
  await writeFile(path('plain.txt'), '很好')
  await expect(predict({ ...asked, data: [path('plain.txt')], textField: '评论' })).rejects.toThrow(
    /plain\.txt: is plain text.*leave them out/,
  )

  const resumed = { ...options('stars', 'classify'), encoding: 'gbk', resume: true, steps: 101 }
  for (const other of [{ textField: 'n' }, { labelField: 'n' }, { pairField: 'n' }])
    await expect(train({ ...resumed, ...other })).rejects.toThrow(
      /cannot resume .*-field: .* before, n now/,
    )
}, 60_000)

test('a table trains on numbers, which are refused by line where they are none', async () => {
  await writeFile(path('reviews.csv'), table(rows(200)))
  const { metrics } = await train(options('numbers', 'regress'))
  expect(metrics?.correlation).toBeGreaterThan(0.9)
  await writeFile(path('reviews.csv'), `${table(rows(9))}很好;9;五\n`)
  await expect(train(options('no', 'regress'))).rejects.toThrow(
    /reviews\.csv:\d+: the label is "五"; expected a number/,
  )
}, 60_000)

test('a table trains what writes: columns are the fields of its records', async () => {
  const lines = Array.from({ length: 40 }, (_, i) => `"${i % 7}+1=",${(i % 7) + 1}\n`).join('')
  await writeFile(path('sums.csv'), `prompt,completion\n${lines}`)
  const { textField: _, labelField: __, ...rest } = options('sums', 'classify')
  const sums = { ...rest, data: [path('sums.csv')], steps: 4 }
  const { metrics } = await train({ ...sums, task: 'completion' })
  expect(metrics?.exactMatch).toBeGreaterThanOrEqual(0)
  await writeFile(path('pairs.csv'), `source,target\n${lines}`)
  const pairs = { ...sums, data: [path('pairs.csv')], out: path('pairs') }
  expect((await train({ ...pairs, task: 'seq2seq' })).loss).toBeGreaterThan(0)
  await expect(train({ ...sums, out: path('no'), task: 'seq2seq' })).rejects.toThrow(
    /sums\.csv:2: does not fit; expected {"source": .*; its fields are prompt, completion/,
  )
}, 60_000)
