import { writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { jsonLines, useTraining } from '../../test/tiny-training.ts'
import type { Estimate } from '../metrics/estimate.ts'
import { openEngine } from '../runtime/open.ts'
import type { TrainOptions } from '../train/options.ts'
import { train } from '../train/train.ts'
import { tune } from '../tune/tune.ts'
import { type EvaluateOptions, evaluate } from './evaluate.ts'

const { path } = useTraining()

const twelve = <T>(record: (i: number) => T): T[] => Array.from({ length: 12 }, (_, i) => record(i))
const turns = twelve((i) => ({ instruction: `${i % 3}?`, output: '好'.repeat(1 + (i % 3)) }))

/** Records of each task, and what its model is trained with. */
const DATA = {
  lm: ['abc 好 '.repeat(60), {}],
  mlm: ['abc 好 '.repeat(60), { maskProbability: 0.3 }],
  classify: [twelve((i) => ({ text: `${i} ab`, label: i % 3 ? '好' : 'bad' })), {}],
  regress: [twelve((i) => ({ text: `${i} ab`, label: i / 7 })), { architecture: 'llama' }],
  reward: [
    twelve((i) => ({ prompt: `${i}?`, chosen: 'ab', rejected: `好${i % 2}` })),
    { context: 32 },
  ],
  tag: [twelve((i) => ({ words: ['好', `${i}`], tags: ['字', 'n'] })), {}],
  embed: [twelve((i) => ({ anchor: `好 ${i}`, positive: `ab ${i}` })), { temperature: 0.2 }],
  seq2seq: [twelve((i) => ({ source: `${i}`, target: `${i % 3}` })), { targetContext: 4 }],
  completion: [twelve((i) => ({ prompt: `${i % 3}=`, completion: '好' })), {}],
} as const satisfies Record<
  NonNullable<TrainOptions['task']>,
  readonly [string | readonly object[], Partial<TrainOptions>]
>

const small = { layers: 1, dim: 16, heads: 2, context: 12, batch: 16, steps: 3, lr: 1e-2 }

async function trained(task: keyof typeof DATA, name: string = task) {
  const [data, options] = DATA[task]
  const file = path(`${task}.${typeof data === 'string' ? 'txt' : 'jsonl'}`)
  await writeFile(file, typeof data === 'string' ? data : jsonLines(data))
  const apart = path(`${task}-apart.txt`)
  await writeFile(apart, `${data} cba`)
  // What the model learns from is not asked: text must be another than that to validate on.
  const [learned, val] = [[typeof data === 'string' ? apart : file], [file]]
  const common = { task, val, out: path(name), tokenizer: 'char', threads: 1 }
  const result = await train({ data: learned, ...common, ...small, ...options })
  return { result, asked: { model: path(name), data: val, threads: 1 } }
}

/** Options of the task that its loss depends on. */
const asTrained: Partial<Record<keyof typeof DATA, Partial<EvaluateOptions>>> = {
  mlm: { maskProbability: 0.3 },
  embed: { temperature: 0.2 },
  seq2seq: { targetContext: 4 },
  completion: { task: 'completion' },
}

describe('a model has the figures that its training told', () => {
  test.each(Object.keys(DATA) as (keyof typeof DATA)[])('%s', async (task) => {
    const { result, asked } = await trained(task)
    const measured = await evaluate({ ...asked, ...asTrained[task] })
    expect(measured.task).toBe(task)
    expect(measured.loss).toBeCloseTo(result.loss as number, 5)
    for (const [name, value] of Object.entries(result.metrics ?? {})) {
      const found = measured.metrics[name] as Estimate
      expect(found.value).toBe(value)
      expect(found.low).toBeLessThanOrEqual(value)
      expect(found.high).toBeGreaterThanOrEqual(value)
    }
    // Rows add up to the whole, apart from rounding; of pairs, only whole batches have a loss.
    const { loss } = measured.metrics
    if (task !== 'classify' && task !== 'regress' && task !== 'embed')
      expect(loss?.value).toBeCloseTo(measured.loss, 5)
    expect(measured.items.length).toBeGreaterThan(0)
    for (const { input } of measured.items) expect(input).toMatch(/\S/)
    if (result.perplexity === undefined) expect(measured).not.toHaveProperty('perplexity')
    else expect(measured.perplexity).toBeCloseTo(result.perplexity, 4)
    if (result.bitsPerByte === undefined) expect(measured).not.toHaveProperty('bitsPerByte')
    else expect(measured.bitsPerByte).toBeCloseTo(result.bitsPerByte, 5)
    const names = { classify: ['accuracy', 'f1'], tag: ['accuracy', 'f1'], embed: ['recallAt1'] }
    if (task in names) expect(Object.keys(result.metrics ?? {})).toEqual(names[task as 'tag'])
  })

  test('chat, whose template is the model’s or one that is given', async () => {
    await writeFile(path('chat.jsonl'), jsonLines(turns))
    const alphabet = { data: [path('alphabet.txt')], out: path('writer'), tokenizer: 'char' }
    await writeFile(path('alphabet.txt'), 'system user assistant 0123?好\n'.repeat(9))
    const { context: _, ...sizes } = small
    await train({ ...alphabet, ...sizes, context: 48, val: 0, threads: 1 })
    const data = [path('chat.jsonl')]
    const given = { model: path('writer'), data, val: data, out: path('talker') }
    const { loss } = await tune({ ...given, batch: 4, steps: 3, threads: 1 })
    const asked = { model: path('talker'), data, threads: 1 }
    const measured = await evaluate({ ...asked, task: 'chat' })
    expect(measured.loss).toBeCloseTo(loss as number, 5)
    expect(measured.perplexity).toBeCloseTo(Math.exp(measured.loss), 6)
    // 12 answers of 1 to 3 characters, and their ends: a marker and a line.
    expect(measured.tokens).toBe(12 * 2 + 12)
    await expect(evaluate({ ...asked, model: path('writer'), task: 'chat' })).rejects.toThrow(
      'the model has no chat template; give one with --chat-template FILE',
    )
    const template = "{% for m in messages %}{{ m.content }}{{ '\n' }}{% endfor %}"
    await writeFile(path('plain.jinja'), template)
    const plain = { ...asked, model: path('writer'), chatTemplate: path('plain.jinja') }
    // Nothing ends an answer.
    expect((await evaluate({ ...plain, task: 'chat' })).tokens).toBe(12 * 2)
  })
})

describe('a classifier', () => {
  test('is measured on labels that are all wrong, and on those that it does not know', async () => {
    const { asked } = await trained('classify', 'classifier')
    const records = DATA.classify[0]
    const { predict } = await import('../predict/predict.ts')
    const text = records.map((record) => record.text)
    const said = await predict({ model: asked.model, text, threads: 1 })
    const wrong = records.map((record, i) => ({
      ...record,
      label: said[i]?.label === '好' ? 'bad' : '好',
    }))
    await writeFile(path('wrong.jsonl'), jsonLines(wrong))
    const measured = await evaluate({ ...asked, data: [path('wrong.jsonl')] })
    const { accuracy, f1 } = measured.metrics
    expect([accuracy?.value, f1?.value]).toEqual([0, 0])
    expect(accuracy?.high).toBeCloseTo(0.2425, 4)
    expect(measured.tokens).toBe(12)
    await writeFile(path('unknown.jsonl'), jsonLines([{ text: 'ab', label: '新' }]))
    await expect(evaluate({ ...asked, data: [path('unknown.jsonl')] })).rejects.toThrow(
      /unknown\.jsonl:1: the label "新" is not one of the model's: bad, 好/,
    )
  })

  test('is not measured at another task, nor with options of one', async () => {
    const asked = { model: path('classifier'), data: [path('classify.jsonl')], threads: 1 }
    await expect(evaluate({ ...asked, task: 'regress' })).rejects.toThrow(
      'the model is for the task classify, not for regress; leave out --task',
    )
    await expect(evaluate({ ...asked, task: 'lm' })).rejects.toThrow('not for lm')
    await expect(evaluate({ ...asked, documents: 'whole' })).rejects.toThrow(
      '--documents does not apply to the task classify, only to lm; leave it out',
    )
    await expect(evaluate({ ...asked, adapter: ['x'] })).rejects.toThrow('adapter is for decoders')
  })
})

test('the loss of an embedder counts nearly all pairs, and a notice says how many', async () => {
  const { asked } = await trained('embed', 'embedder')
  const pair = (i: number) => ({ anchor: `好 ${i % 10} 好 a`, positive: `ab ${i % 7} abab` })
  const told: string[] = []
  const measured = async (count: number) => {
    const pairs = Array.from({ length: count }, (_, i) => pair(i))
    await writeFile(path('pairs.jsonl'), jsonLines(pairs))
    const onMessage = (text: string) => told.push(text)
    return (await evaluate({ ...asked, data: [path('pairs.jsonl')] }, { onMessage })).tokens
  }
  // A batch of 4096 tokens holds 170 of them.
  expect(await measured(501)).toBe(501)
  expect(told).toEqual([])
  expect(await measured(500)).toBe(498)
  expect(told).toEqual([
    'the loss is of 498 of 500 records: it compares the records of a batch, and all batches ' +
      'have 166',
  ])
})

test.each(['lm', 'mlm'] as const)('%s is not measured on text that is empty', async (task) => {
  const { asked } = await trained(task, `${task}-empty`)
  await writeFile(path('empty.txt'), '')
  await writeFile(path('empty.jsonl'), jsonLines([{ text: '' }]))
  for (const file of ['empty.txt', 'empty.jsonl'])
    await expect(evaluate({ ...asked, data: [path(file)] })).rejects.toThrow(
      'there is nothing to measure: the data is empty',
    )
})

test('numbers that are all equal have no correlation', async () => {
  const { asked } = await trained('regress', 'constant')
  const records = twelve((i) => ({ text: `${i} ab`, label: 0.1 }))
  await writeFile(path('constant.jsonl'), jsonLines(records))
  const { metrics } = await evaluate({ ...asked, data: [path('constant.jsonl')] })
  expect(Object.keys(metrics)).toEqual(['meanAbsoluteError', 'meanSquaredError'])
})

test('an engine that is open is used, and stays open', async () => {
  const { asked } = await trained('lm', 'opened')
  const { threads: _, ...given } = asked
  const engine = await openEngine({ threads: 1 })
  try {
    const first = await evaluate(given, { engine })
    expect((await evaluate(given, { engine })).loss).toBe(first.loss)
  } finally {
    await engine.dispose()
  }
})
