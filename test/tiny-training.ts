import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { classify } from '../src/predict/classify.ts'
import { loadTextModel, type TextModel } from '../src/predict/text-model.ts'
import { Random } from '../src/random.ts'
import type { TrainOptions } from '../src/train/options.ts'
import { train } from '../src/train/train.ts'

/** A folder for the tests of a file, and tiny models that are trained in it. */
export function useTraining() {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chatwright-tasks-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const path = (name: string) => join(folder, name)

  const learn = async (
    name: string,
    records: readonly object[] | string,
    options: Partial<TrainOptions>,
    onMessage?: (text: string) => void,
  ) => {
    const file = path(`${name}.${typeof records === 'string' ? 'txt' : 'jsonl'}`)
    await writeFile(file, typeof records === 'string' ? records : jsonLines(records))
    return train(
      {
        data: [file],
        out: path(name),
        tokenizer: 'char',
        threads: 2,
        val: 0.1,
        layers: 2,
        dim: 32,
        heads: 2,
        context: 16,
        steps: 150,
        batch: 16,
        lr: 5e-3,
        ...options,
      },
      { onMessage },
    )
  }

  const withTextModel = async <T>(name: string, use: (model: TextModel) => Promise<T>) => {
    const model = await loadTextModel(path(name), { threads: 1 })
    try {
      return await use(model)
    } finally {
      await model.dispose()
    }
  }
  return { path, learn, withTextModel }
}

export const jsonLines = (records: readonly object[]): string =>
  records.map((record) => JSON.stringify(record)).join('\n')

/** What is drawn here is the same in every run of a file. */
export const random = new Random(1)
export const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)] as T
export const many = <T>(make: () => T, count = 200): T[] => Array.from({ length: count }, make)

export const [good, bad] = [
  ['good', 'fine', '很好'],
  ['bad', 'poor', '很差'],
] as const
export const review = () => {
  const isGood = random.integer(2) === 1
  return {
    text: `it is ${pick(isGood ? good : bad)} ${pick(['', 'today', '!'])}`,
    label: isGood ? 'good' : '差',
  }
}

/** A classifier of this architecture learns what reviews say. */
export async function checkClassifier(
  { learn, withTextModel }: ReturnType<typeof useTraining>,
  architecture: TrainOptions['architecture'],
): Promise<void> {
  const options = { task: 'classify', architecture } as const
  const { loss, metrics } = await learn(`classify-${architecture}`, many(review), options)
  expect(loss).toBeLessThan(0.1)
  expect(metrics).toEqual({ accuracy: 1, f1: 1 })
  await withTextModel(`classify-${architecture}`, async (model) => {
    const [first, second] = await classify(model, ['it is 很好 today', 'it is poor'])
    expect(first?.label).toBe('good')
    expect(second?.label).toBe('差')
    expect(second?.probability).toBeGreaterThan(0.8)
  })
}
