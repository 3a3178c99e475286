import { readFile } from 'node:fs/promises'
import { beforeAll, expect } from 'vitest'
import { withModel } from '../src/checkpoint/open-model.ts'
import type { ModelConfig } from '../src/models/model.ts'
import { distill } from '../src/tune/distill/distill.ts'
import type { DistillOptions } from '../src/tune/distill/options.ts'
import { many, review, useTraining } from './tiny-training.ts'

const size = { layers: 2, dim: 32, heads: 2, context: 16, threads: 1, batch: 8 }
const reviews = many(review, 80)
const sums = many(() => ({ source: '一 and 2', target: '三' }), 20)
const answers = [
  ...sums.map(({ source: prompt, target: completion }) => ({ prompt, completion })),
  { prompt: '2', completion: '三 and 一' },
]

/** What tiny teachers learn, by their names. */
const TEACHERS = {
  classifier: [reviews, { task: 'classify' }],
  other: [reviews, { task: 'classify', seed: 2 }],
  writer: ['the user is snow, assistant. 雪是白的。\n'.repeat(40), { architecture: 'llama' }],
  translator: [sums, { task: 'seq2seq' }],
  answerer: [answers, { task: 'completion' }],
  estimator: [
    reviews.map(({ text, label }) => ({ text, label: label === 'good' ? 1.5 : -0.5 })),
    { task: 'regress' },
  ],
  tagger: [
    many(() => ({ words: ['雪', 'is', 'white'], tags: ['N', 'V', 'A'] }), 20),
    { task: 'tag' },
  ],
  filler: ['the snow is white. 雪是白的。'.repeat(40), { task: 'mlm' }],
} as const

/** Tiny teachers, trained before the tests of a file, and distillation of them. */
export function useTeachers(names: readonly (keyof typeof TEACHERS)[]) {
  const { path, learn } = useTraining()
  beforeAll(async () => {
    for (const name of names) {
      const [data, options] = TEACHERS[name]
      await learn(name, data, { ...size, steps: 40, ...options })
    }
  }, 60_000)

  /** Distills into `out`: few steps on one thread, so that runs are equal to the last bit. */
  const teach = async (
    out: string,
    options: Partial<DistillOptions> & { from?: string },
    context = {},
  ) => {
    const { from = 'classifier', ...given } = options
    const isText = from === 'writer' || from === 'filler'
    const data = `${from}.${isText ? 'txt' : 'jsonl'}`
    const metrics: Record<string, number | undefined>[] = []
    const messages: string[] = []
    const result = await distill(
      {
        teacher: [path(from)],
        data: [path(data)],
        out: path(out),
        steps: 6,
        batch: 4,
        lr: 3e-3,
        evalEvery: 6,
        threads: 1,
        ...(given.student === undefined && { layers: 1 }),
        ...given,
      },
      {
        onMetrics: (one: (typeof metrics)[number]) => metrics.push(one),
        onMessage: (text: string) => messages.push(text),
        ...context,
      },
    )
    return { result, metrics, messages }
  }

  const weightsOf = (name: string) => readFile(path(`${name}/model.safetensors`))
  const configOf = (name: string): Promise<ModelConfig> =>
    withModel(path(name), ({ config }) => config)

  /** Kept with all classes, a teacher's outputs teach as those that are computed each time. */
  const compareKept = async (
    from: keyof typeof TEACHERS,
    options: Partial<DistillOptions>,
  ): Promise<void> => {
    const kept = await teach(`${from}-kept`, { from, ...options, topK: 1000 })
    const live = await teach(`${from}-live`, { from, ...options, outputs: 'live' })
    for (const [i, { loss, teacherLoss, labelLoss }] of kept.metrics.entries()) {
      const other = live.metrics[i] as (typeof live.metrics)[number]
      if (loss === undefined) continue
      expect(loss).toBeCloseTo(other.loss as number, 4)
      expect(teacherLoss).toBeGreaterThan(0)
      expect(teacherLoss).toBeCloseTo(other.teacherLoss as number, 4)
      expect(loss).toBeCloseTo(((teacherLoss as number) + (labelLoss as number)) / 2, 4)
    }
  }

  /** A distillation that is interrupted and resumed ends with the same weights. */
  const compareResumed = async (
    name: string,
    options: Partial<DistillOptions> & { from?: string },
  ): Promise<void> => {
    const [whole, cut] = [`${name}-whole`, `${name}-cut`]
    await teach(whole, options)
    const stop = new AbortController()
    const onMetrics = ({ step }: { step?: number }) => step === 3 && stop.abort()
    await teach(cut, options, { signal: stop.signal, onMetrics })
    await teach(cut, { ...options, resume: true })
    expect((await weightsOf(cut)).equals(await weightsOf(whole))).toBe(true)
  }

  return { path, learn, teach, compareKept, compareResumed, weightsOf, configOf, size, reviews }
}
