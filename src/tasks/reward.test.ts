import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { evaluate as interpret } from '../../test/interpreter/evaluate.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyEncoders } from '../../test/tiny-models.ts'
import { jsonLines, many, pick, random, useTraining } from '../../test/tiny-training.ts'
import type { Preference } from '../data/chat/preferences.ts'
import { evaluate } from '../evaluate/evaluate.ts'
import type { Tensor } from '../graph/index.ts'
import { Encoder } from '../models/encoder.ts'
import { bertHead } from '../models/encoder-config.ts'
import { rewardObjective } from '../objectives/bradley-terry.ts'
import { predict } from '../predict/predict.ts'
import { rewards } from '../predict/rewards.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { train } from '../train/train.ts'
import type { RecordTask } from './records.ts'
import { reward } from './reward.ts'
import type { Shape, Subject } from './task.ts'

const training = useTraining()
const { path, learn, withTextModel } = training

/** The answer that is polite, in either language, is preferred. */
const preference = () => {
  const [prompt, chosen, rejected] = pick([
    ['how are you?', 'fine, thanks', 'go away'],
    ['你好吗？', '很好，谢谢', '走开'],
  ] as const)
  const ending = pick(['', '!', ' 1', ' 2'])
  return {
    prompt: `${prompt}${pick(['', ' '])}`,
    chosen: chosen + ending,
    rejected: rejected + ending,
  }
}
const sizes = { context: 48, steps: 60, batch: 8 }
const say = (question: string, answer: string) => ({
  messages: [
    { role: 'user', content: question } as const,
    { role: 'assistant', content: answer } as const,
  ],
})

test.each([
  ['decoder', {}],
  ['encoder', { architecture: 'bert' }],
] as const)('a %s learns which answer is better, and gives rewards', async (kind, options) => {
  const given = { ...sizes, ...options, task: 'reward' } as const
  const { metrics, loss } = await learn(kind, many(preference, 80), given)
  expect(metrics?.accuracy).toBe(1)
  expect(loss).toBeLessThan(0.2)

  // As Hugging Face's reward models are.
  const config = JSON.parse(await readFile(path(`${kind}/config.json`), 'utf8'))
  expect(config.architectures[0]).toMatch(/ForSequenceClassification$/)
  expect(config.id2label).toEqual({ 0: 'reward' })

  // The task follows from the model.
  await writeFile(path('test.jsonl'), jsonLines(many(preference, 12)))
  const asked = { model: path(kind), data: [path('test.jsonl')], threads: 1 }
  const measured = await evaluate(asked)
  expect(measured).toMatchObject({ task: 'reward', metrics: { accuracy: { value: 1 } } })
  expect(measured.items).toHaveLength(12)
  expect((await evaluate({ ...asked, task: 'reward' })).metrics).toEqual(measured.metrics)

  const pair = [say('how are you?', 'fine, thanks'), say('how are you?', 'go away')]
  await withTextModel(kind, async (model) => {
    const [better, worse] = (await rewards(model, pair)) as [number, number]
    expect(better).toBeGreaterThan(worse)
    await writeFile(path('talks.jsonl'), jsonLines([...pair, { text: 'go away' }]))
    const predictions = await predict({
      model: path(kind),
      data: [path('talks.jsonl')],
      threads: 1,
    })
    expect(predictions.map(({ text }) => text)).toEqual([
      'user: how are you?\nassistant: fine, thanks',
      'user: how are you?\nassistant: go away',
      'go away',
    ])
    expect(predictions[0]?.value).toBeCloseTo(better, 5)
    expect(predictions[1]?.value).toBeCloseTo(worse, 5)
    const preferred = { model: path(kind), data: [path('test.jsonl')], threads: 1 }
    await expect(predict(preferred)).rejects.toThrow(
      /test\.jsonl:1: has "chosen" and "rejected", and a reward is of one conversation; give/,
    )
    await expect(rewards(model, [say('?', 'go away'.repeat(9))])).rejects.toThrow(
      /tokens, and the reward model reads 48/,
    )
  })
})

test('another’s reward model is trained further with its head, and judges by --task', async () => {
  const config = JSON.parse(await readFile(path('decoder/config.json'), 'utf8'))
  await writeFile(path('numbers.jsonl'), jsonLines([{ text: 'go away', label: 1 }]))
  const further = { model: path('decoder'), val: 0, steps: 1, lr: 1e-9, threads: 1 } as const
  await train({ ...further, task: 'regress', data: [path('numbers.jsonl')], out: path('number') })
  const number = JSON.parse(await readFile(path('number/config.json'), 'utf8'))
  expect(number.id2label).toEqual({ 0: 'LABEL_0' })
  const asked = { model: path('number'), data: [path('test.jsonl')], threads: 1 }
  const { metrics } = await evaluate({ ...asked, task: 'reward' })
  expect(metrics.accuracy?.value).toBe(1)
  const again = { ...further, model: path('number'), task: 'reward' } as const
  await train({ ...again, data: [path('test.jsonl')], out: path('again') })
  const kept = JSON.parse(await readFile(path('again/config.json'), 'utf8'))
  expect({ ...kept, id2label: 0 }).toEqual({ ...config, id2label: 0 })
  expect((await evaluate({ ...asked, model: path('again') })).metrics.accuracy?.value).toBe(1)
})

test('a template whose prompt depends on the answer is refused with the line', async () => {
  const subject = {
    tokenizer: await trainCharTokenizer([' how are you?fine, thanksgo away']),
    chatTemplate:
      '{{ messages[0].content[:messages[-1].content | length] }}' +
      '{% if not add_generation_prompt %}{{ messages[1].content }}{% endif %}',
  } as unknown as Subject
  const prompt = [{ role: 'user', content: 'how are you?' } as const]
  const answer = (content: string) => [{ role: 'assistant', content } as const]
  const pair = { prompt, chosen: answer('fine'), rejected: answer('go away'), where: 'p.jsonl:3' }
  const definition = reward.records as RecordTask<Preference, Shape, Shape>
  const sizes = { length: 48, targetLength: 48, sources: 1 }
  const encode = () => definition.examples([pair], subject, sizes)
  expect(encode).toThrow(/^p\.jsonl:3: the chat template writes the prompt differently/)
})

test('pairs that are longer than the context, or alike to the model, are left out', async () => {
  const long = { prompt: 'how?', chosen: 'thanks'.repeat(9), rejected: 'no' }
  const messages: string[] = []
  const thoughts = ['想', '不'].map((reasoning_content) => {
    return { role: 'assistant', content: 'no', reasoning_content }
  })
  const alike = { prompt: 'how?', chosen: thoughts[0], rejected: thoughts[1] }
  const records = [...many(preference, 20), long, alike]
  const given = { ...sizes, steps: 1, val: 0, task: 'reward' } as const
  await learn('long', records, given, (text) => messages.push(text))
  expect(messages.join('\n')).toContain('1 of 22 pairs are longer than 48 tokens, and left out')
  expect(messages.join('\n')).toContain('1 of 22 pairs have the same tokens as chosen and rejected')
})

test('the loss is that of Bradley and Terry, with the margin of each pair', () => {
  const head = bertHead('regress', ['reward'])
  const model = new Encoder({ ...(tinyEncoders.BERT as Encoder['config']), head })
  const [rows, length] = [3, 4]
  const { loss, metrics } = rewardObjective(model, { rows, length })
  const values = tinyWeights(model)
  const ids = Array.from({ length: rows * 2 * length }, () => random.integer(61))
  const shape = [rows, 2, length]
  const feeds = {
    ...Object.fromEntries(
      [...model.parameters()].map(([name, { shape }]) => [
        name,
        { shape, values: values[name] as Float32Array },
      ]),
    ),
    ids: { shape, values: ids },
    mask: { shape, values: ids.map((_, i) => (i % length === 3 ? 0 : 1)) },
    types: { shape, values: ids.map(() => 0) },
    leastMargin: { shape: [rows], values: [0.5, 0, 9] },
    // The last pair only fills up the micro-batch.
    targets: { shape: [rows], values: [0, 0, -100] },
    weight: { shape: [], values: [1 / 2] },
  }
  const single = (pair: number, side: number) => {
    const one = rewardObjective(model, { rows: 1, length })
    const from = (2 * pair + side) * length
    const part = (name: 'ids' | 'mask' | 'types') => {
      const row = feeds[name].values.slice(from, from + length)
      return { shape: [1, 2, length], values: [...row, ...row] }
    }
    const given = {
      ids: part('ids'),
      mask: part('mask'),
      types: part('types'),
      leastMargin: { shape: [1], values: [0] },
      targets: { shape: [1], values: [0] },
      weight: { shape: [], values: [1] },
    }
    const [reward] = interpret([one.metrics.rewardChosen as Tensor], { ...feeds, ...given })
    return reward?.data[0] as number
  }
  const [a, b] = [0, 1].map((pair) => [single(pair, 0), single(pair, 1)]) as [number[], number[]]
  const loss0 = (better = 0, worse = 0, margin = 0) =>
    Math.log(1 + Math.exp(-(better - worse - margin)))
  const names = Object.keys(metrics)
  const [value, ...figures] = interpret([loss, ...Object.values(metrics)], feeds)
  expect(value?.data[0]).toBeCloseTo((loss0(a[0], a[1], 0.5) + loss0(b[0], b[1])) / 2, 10)
  const mean = (of: (pair: number[]) => number) => (of(a) + of(b)) / 2
  const expected: Record<string, number> = {
    accuracy: mean(([better = 0, worse = 0]) => Number(better > worse)),
    margin: mean(([better = 0, worse = 0]) => better - worse),
    rewardChosen: mean(([better = 0]) => better),
    rewardRejected: mean(([, worse = 0]) => worse),
  }
  expect(names).toEqual(Object.keys(expected))
  for (const [i, name] of names.entries())
    expect(figures[i]?.data[0], name).toBeCloseTo(expected[name] as number, 10)
})
