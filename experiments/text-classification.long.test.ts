import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { classifyFromNothing } from './classify-from-nothing.ts'
import { eda } from './eda.ts'
import { dataReader, type Experiment } from './experiment.ts'
import { runExperiment } from './run.ts'
import { DATA_SETS, draw } from './text-classification.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-classification-'))
  const lines = (one: string, other: string) => `${one}\n${other}\n`.repeat(30)
  const sst2 = `sentence\tlabel\n${lines('a fine film \t1', "it 's dull \t0")}`
  const trec = lines('LOC:city What county is Caf\xe9 in ?', 'HUM:ind Who was Galileo ?')
  const files: Record<string, Buffer> = {
    'tasks/sst2/train.tsv': Buffer.from(sst2),
    'tasks/sst2/dev.tsv': Buffer.from(sst2),
    'tasks/sst2/test.tsv': Buffer.from(sst2),
    'tasks/trec/qc/train.txt': Buffer.from(trec, 'latin1'),
    'tasks/trec/qc/test.txt': Buffer.from(trec, 'latin1'),
    'tasks/chnsenticorp/ChnSentiCorp_htl_all.csv': Buffer.from(
      `label,review\n${'1,"房间""很大""，不错"\n0,早餐太差。\n'.repeat(520)}`,
    ),
    'synonyms.tsv': Buffer.from('film\tmovie\ngalileo\tastronomer\n早餐\t早饭\n'),
  }
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
})
afterAll(() => rm(folder, { recursive: true }))

test('the data sets are read as they are published', async () => {
  const read = dataReader(folder)
  const { train, dev, test } = await DATA_SETS.sst2(read)
  expect([train.length, dev?.length, test.length]).toEqual([60, 60, 60])
  expect(train.slice(0, 2)).toEqual([
    { text: 'a fine film', label: 'positive' },
    { text: "it 's dull", label: 'negative' },
  ])
  expect((await DATA_SETS.trec(read)).test.slice(0, 2)).toEqual([
    { text: 'What county is Café in ?', label: 'LOC' },
    { text: 'Who was Galileo ?', label: 'HUM' },
  ])
  const reviews = await DATA_SETS.chnsenticorp(read)
  expect([reviews.train.length, reviews.test.length]).toEqual([40, 1000])
  const all = [...reviews.train, ...reviews.test]
  expect(all.filter(({ text }) => text === '房间"很大"，不错')).toHaveLength(520)
  expect(all.every(({ text, label }) => (text === '早餐太差。') === (label === '差评'))).toBe(true)
})

test('examples are drawn once each, and others for another seed', () => {
  const numbers = Array.from({ length: 50 }, (_, i) => i)
  expect(new Set(draw(numbers, 20, 1)).size).toBe(20)
  expect(draw(numbers, 20, 1)).toEqual(draw(numbers, 20, 1))
  expect(draw(numbers, 20, 1)).not.toEqual(draw(numbers, 20, 2))
})

/** One seed of an experiment with tiny settings. */
const tryOut = (experiment: Experiment, own: object) => {
  const options = z.object(experiment.options).parse(own)
  const out = join(folder, `${experiment.name}.json`)
  return runExperiment(
    experiment,
    { seeds: '1', out, only: '', dataDir: folder, ...options },
    { signal: new AbortController().signal, report: () => {} },
  )
}

test('EDA’s experiment compares classifiers with and without it', async () => {
  const synonyms = join(folder, 'synonyms.tsv')
  const results = await tryOut(eda, {
    sizes: [20],
    steps: 4,
    synonyms,
    chineseSynonyms: synonyms,
    threads: 1,
  })
  expect(results.map(({ cell }) => cell)).toEqual([
    'sst2 20',
    'sst2 20 EDA',
    'trec 20',
    'trec 20 EDA',
    'chnsenticorp 20',
    'chnsenticorp 20 EDA',
  ])
  for (const { result } of results) expect(result).toMatchObject({ steps: 4 })
  const lines = eda.summarize(results).split('\n')
  expect(lines[0]).toBe('| data and examples | without, % | with EDA, % | gain |')
  expect(lines[2]).toMatch(/^\| sst2 20 \| [\d.]+ \| [\d.]+ \| -?[\d.]+ \|$/)
  expect(lines).toHaveLength(5)
})

test('what augmentation, dropout and pre-training give is measured one by one', async () => {
  const results = await tryOut(classifyFromNothing, {
    steps: 2,
    trecSteps: 2,
    pretrainSteps: 2,
    layers: 1,
    dim: 16,
    heads: 1,
    vocab: 300,
    synonyms: join(folder, 'synonyms.tsv'),
    threads: 1,
  })
  expect(results.map(({ cell }) => cell).slice(0, 5)).toEqual([
    'sst2 baseline',
    'sst2 + augmentation',
    'sst2 + dropout',
    'sst2 + pre-training',
    'sst2 + augmentation + dropout + pre-training',
  ])
  expect(results).toHaveLength(10)
  const losses = results.map(({ result }) => (result as { validationLoss: number }).validationLoss)
  expect(new Set(losses.slice(0, 5)).size).toBe(5)
  expect(classifyFromNothing.summarize(results)).toContain('| sst2 baseline |')
})
