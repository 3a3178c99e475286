import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { evaluate } from '../src/evaluate/evaluate.ts'
import { Random } from '../src/random.ts'
import type { TrainOptions } from '../src/train/options.ts'
import { train } from '../src/train/train.ts'
import type { CellContext } from './experiment.ts'

export interface LabeledRecord {
  text: string
  label: string
}

/** Records to learn from, to choose a model by (where the data set has them), and to measure on. */
export interface DataSet {
  train: LabeledRecord[]
  dev?: LabeledRecord[]
  test: LabeledRecord[]
}

type Read = CellContext['read']

/** SST-2: phrases of film reviews (Socher et al. 2013); test is GLUE's dev, 872 sentences. */
async function readSst2(read: Read): Promise<DataSet> {
  const part = async (name: string) =>
    linesOf(await read(`tasks/sst2/${name}.tsv`))
      .slice(1)
      .map((line) => {
        const [text = '', label] = line.split('\t')
        return { text: text.trim(), label: label?.trim() === '1' ? 'positive' : 'negative' }
      })
  return { train: await part('train'), dev: await part('dev'), test: await part('test') }
}

/** TREC: what a question asks for, one of six classes (Li & Roth 2002). */
async function readTrec(read: Read): Promise<DataSet> {
  const part = async (name: string) =>
    linesOf(await read(`tasks/trec/qc/${name}.txt`, 'latin1')).map((line) => {
      const [, label = '', text = ''] = /^(\w+):\w+ (.*)$/.exec(line.trim()) ?? []
      return { text, label }
    })
  return { train: await part('train'), test: await part('test') }
}

/** ChnSentiCorp: Chinese reviews of hotels; 1,000 are drawn to measure on, always the same. */
async function readChnSentiCorp(read: Read): Promise<DataSet> {
  const lines = linesOf(await read('tasks/chnsenticorp/ChnSentiCorp_htl_all.csv')).slice(1)
  const records = lines.flatMap((line) => {
    const [, label, review = ''] = /^([01]),(.*)$/.exec(line) ?? []
    const text = review
      .replace(/^"(.*)"$/, '$1')
      .replaceAll('""', '"')
      .trim()
    return label && text ? [{ text, label: label === '1' ? '好评' : '差评' }] : []
  })
  const all = draw(records, records.length, 0)
  return { train: all.slice(1000), test: all.slice(0, 1000) }
}

const linesOf = (text: string): string[] =>
  text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')

export const DATA_SETS = { sst2: readSst2, trec: readTrec, chnsenticorp: readChnSentiCorp }

export type DataSetName = keyof typeof DATA_SETS

/** `count` of the records, drawn at random without repetition. */
export function draw<T>(records: readonly T[], count: number, seed: number): T[] {
  const random = new Random(seed)
  const left = [...records]
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(left.length - i)
    ;[left[i], left[j]] = [left[j] as T, left[i] as T]
  }
  return left.slice(0, count)
}

/** Records as a JSONL file in the folder of the cell. */
export async function writeRecords(
  { folder }: CellContext,
  name: string,
  records: readonly object[],
): Promise<string> {
  const path = join(folder, `${name}.jsonl`)
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return path
}

export interface Classified {
  /** Of the test records. */
  accuracy: number
  validationLoss: number
  /** Step of the model with the least validation loss, which is the one that is measured. */
  bestStep: number
  steps: number
}

/** Trains a classifier, and measures the one of the least validation loss on the test records. */
export async function trainClassifier(
  context: CellContext,
  { test, ...options }: Omit<TrainOptions, 'out' | 'task'> & { test: readonly LabeledRecord[] },
): Promise<Classified> {
  const { folder, seed, signal } = context
  const out = join(folder, 'classifier')
  const trained = await train({ ...options, task: 'classify', seed, out }, { signal })
  signal.throwIfAborted()
  const data = [await writeRecords(context, 'test', test)]
  const { metrics } = await evaluate({ model: out, data, threads: options.threads }, { signal })
  return {
    accuracy: metrics.accuracy?.value as number,
    validationLoss: trained.loss as number,
    bestStep: trained.bestStep,
    steps: trained.steps,
  }
}
