import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { generateAll } from '../src/generate/generate.ts'
import { load } from '../src/generate/load.ts'
import type { Metrics } from '../src/train/report/metrics.ts'
import { train } from '../src/train/train.ts'
import type { TuneOptions } from '../src/tune/options.ts'
import { tune } from '../src/tune/tune.ts'
import { jsonLines } from './tiny-training.ts'

/** Prompts with the right answer and a wrong one, which is as likely at first. */
export const questions = [
  ['cat?', 'miau', 'wuff'],
  ['dog?', 'wuff', 'miau'],
  ['猫？', '喵', '汪'],
  ['狗？', '汪', '喵'],
] as const

/** A model in the folder `base` that answers at random, to be taught by rewards. */
export function useQuestions() {
  let folder: string
  const path = (name: string) => join(folder, name)
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chatwright-questions-'))
    const texts = questions.flatMap(([prompt, ...answers]) =>
      answers.map((answer) => ({ text: prompt + answer })),
    )
    await writeFile(path('text.jsonl'), jsonLines([...texts, ...texts, ...texts, ...texts]))
    const prompts = questions.map(([prompt, answer]) => ({ prompt, answer }))
    await writeFile(path('prompts.jsonl'), jsonLines(prompts))
    await train({
      data: [path('text.jsonl')],
      out: path('base'),
      tokenizer: 'char',
      documents: 'whole',
      layers: 1,
      heads: 2,
      dim: 32,
      context: 12,
      batch: 8,
      steps: 120,
      lr: 1e-2,
      val: 0,
      threads: 1,
    })
  })
  afterAll(() => rm(folder, { recursive: true }))

  const options = (out: string): TuneOptions => ({
    method: 'grpo',
    model: path('base'),
    data: [path('prompts.jsonl')],
    val: [path('prompts.jsonl')],
    out: path(out),
    maxTokens: 6,
    batch: 32,
    steps: 20,
    lr: 3e-3,
    threads: 1,
  })

  /** Runs with `given` options; all figures of its steps and validations. */
  async function run(
    out: string,
    given: Partial<TuneOptions> = {},
    onMetrics: (metrics: Metrics, stop: AbortController) => void = () => {},
  ) {
    const metrics: Metrics[] = []
    const messages: string[] = []
    const stop = new AbortController()
    const result = await tune(
      { ...options(out), ...given },
      {
        onMetrics: (all) => {
          metrics.push(all)
          onMetrics(all, stop)
        },
        onMessage: (text) => void messages.push(text),
        signal: stop.signal,
      },
    )
    return { result, messages, steps: metrics.filter(({ loss }) => loss !== undefined), metrics }
  }

  /** What a tuned model answers. */
  async function answers(out: string): Promise<string[]> {
    const model = await load(path(out), { threads: 1 })
    const prompts = questions.map(([prompt]) => prompt)
    const written = await generateAll(model, prompts, { temperature: 0, maxTokens: 6 })
    await model.dispose()
    return written.map(({ text }) => text)
  }

  const weightsOf = (out: string, step: number) =>
    readFile(path(`${out}/checkpoints/step-${step}/model.safetensors`))

  return { path, run, answers, weightsOf }
}

export const right = questions.map(([, answer]) => answer)
