import { writeFile } from 'node:fs/promises'
import { beforeAll } from 'vitest'
import type { TransferOptions } from '../src/tune/transfer/options.ts'
import {
  type TransferContext,
  type TransferResult,
  transfer,
} from '../src/tune/transfer/transfer.ts'
import { jsonLines, many, pick, random, review, useTraining } from './tiny-training.ts'

const topic = () => {
  const isFood = random.integer(2) === 1
  return {
    text: `${pick(['a', 'the'])} ${pick(isFood ? ['soup', '面条'] : ['poem', '小说'])}`,
    label: isFood ? 'food' : '书',
  }
}

export const reviews = {
  name: 'reviews',
  task: 'classify',
  data: 'review.jsonl',
  test: 'review-test.jsonl',
}
export const topics = {
  name: '主题',
  task: 'classify',
  data: ['topic.jsonl'],
  test: ['topic-test.jsonl'],
}
export const old = { name: 'old', task: 'lm', data: 'base.txt', test: 'old-test.txt', known: true }

export type Listed = Readonly<Record<string, unknown>>

/** A tiny base, tiny data, and transfer between them. */
export function useTransfer() {
  const { path, learn } = useTraining()
  beforeAll(async () => {
    for (const [name, make] of Object.entries({ review, topic })) {
      await writeFile(path(`${name}.jsonl`), jsonLines(many(make, 40)))
      await writeFile(path(`${name}-test.jsonl`), jsonLines(many(make, 24)))
    }
    const old = many(() => `${review().text} ${topic().text} `, 40).join('')
    await writeFile(path('old-test.txt'), old.slice(0, 400))
    await learn('base', old.slice(400), { layers: 2, dim: 16, steps: 20, threads: 1 })
  })

  const measure = async (
    out: string,
    tasks: readonly Listed[],
    options: Partial<TransferOptions> = {},
    context: TransferContext = {},
  ): Promise<TransferResult> => {
    const located = tasks.map(({ data, test, ...task }) => ({
      ...task,
      data: [data].flat().map((file) => path(String(file))),
      test: [test].flat().map((file) => path(String(file))),
    }))
    await writeFile(path('tasks.json'), JSON.stringify(located))
    const common = { model: path('base'), tasks: path('tasks.json'), out: path(out) }
    return transfer({ ...common, steps: 6, batch: 8, lr: 5e-3, threads: 1, ...options }, context)
  }

  return { path, measure }
}
