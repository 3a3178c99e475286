import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { many, review } from '../../test/tiny-training.ts'
import { forward } from '../explain/forward.ts'
import { load } from '../generate/load.ts'
import { documentStart } from '../text/tokenizer.ts'
import { train } from '../train/train.ts'
import { evaluate } from './evaluate.ts'

const folder = await mkdtemp(join(tmpdir(), 'chatwright-divergence-'))
afterAll(() => rm(folder, { recursive: true }))
const path = (name: string) => join(folder, name)
const size = { layers: 1, dim: 16, heads: 2, context: 12, steps: 3, threads: 1, val: 0 }
const TEXT = '天气很好 abc ab '

beforeAll(async () => {
  await writeFile(path('text.txt'), TEXT.repeat(40))
  await writeFile(path('held.txt'), TEXT.repeat(5))
  const given = { data: [path('text.txt')], ...size, tokenizer: 'char' }
  await train({ ...given, out: path('model') })
  await train({ ...given, out: path('reference'), tokenizer: path('model'), seed: 7, steps: 30 })
})

/** log softmax of one row of logits, in float64. */
function logProbabilities(logits: ArrayLike<number>, start: number, width: number): number[] {
  const row = Array.from({ length: width }, (_, i) => logits[start + i] as number)
  const top = Math.max(...row)
  const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0)) + top
  return row.map((x) => x - total)
}

test('the KL divergence from a reference is a sum over the vocabulary, row by row', async () => {
  const asked = { model: path('model'), data: [path('held.txt')], threads: 1 }
  const { items, metrics } = await evaluate({ ...asked, reference: path('reference') })
  const models = [await load(asked.model), await load(path('reference'))] as const
  const { tokenizer } = models[0]
  const window = [documentStart(tokenizer) as number, ...tokenizer.encode(TEXT.repeat(5))].slice(
    0,
    12,
  )
  const logits = await Promise.all(
    models.map(async (model) => {
      const { activations } = await forward(model, window, { read: ['logits'] })
      return activations.logits?.data as ArrayLike<number>
    }),
  )
  const width = (logits[0]?.length as number) / 12
  let expected = 0
  for (let i = 0; i < 12; i++) {
    const [p, q] = logits.map((values) => logProbabilities(values, i * width, width)) as [
      number[],
      number[],
    ]
    for (const [j, log] of p.entries()) expected += Math.exp(log) * (log - (q[j] as number))
  }
  expect(expected).toBeGreaterThan(0.1)
  expect(items[0]?.scores.divergence).toBeCloseTo(expected, 3)
  expect(metrics.divergence?.low).toBeGreaterThan(0)
  const itself = await evaluate({ ...asked, reference: asked.model })
  expect(itself.metrics.divergence?.value).toBeCloseTo(0, 6)
  for (const model of models) await model.dispose()
})

test('a reward model, which chooses among nothing, is refused', async () => {
  const record = { prompt: '好?', chosen: 'good', rejected: 'bad' }
  await writeFile(path('pairs.jsonl'), `${JSON.stringify(record)}\n`.repeat(4))
  const data = [path('pairs.jsonl')]
  const given = { ...size, context: 32, tokenizer: 'char' } as const
  await train({ ...given, task: 'reward', data, out: path('reward') })
  const asked = { model: path('reward'), data, threads: 1, reference: path('reward') }
  await expect(evaluate(asked)).rejects.toThrow('reference compares probabilities, ')
})

test('a classifier is compared by its labels, and other tokens are refused', async () => {
  const lines = (records: readonly object[]) => records.map((one) => `${JSON.stringify(one)}\n`)
  await writeFile(path('reviews.jsonl'), lines(many(review, 24)).join(''))
  const data = [path('reviews.jsonl')]
  const given = { ...size, context: 32, tokenizer: 'char' } as const
  await train({ ...given, task: 'classify', data, out: path('classifier') })
  const asked = { model: path('classifier'), data: [path('reviews.jsonl')], threads: 1 }
  const { metrics } = await evaluate({ ...asked, reference: asked.model })
  expect(metrics.divergence?.value).toBeCloseTo(0, 6)
  await expect(evaluate({ ...asked, reference: path('model') })).rejects.toThrow(
    /reference is .*model, which has another tokenizer than the model; give another reference/,
  )
})
