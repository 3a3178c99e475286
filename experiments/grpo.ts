import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { generateAll } from '../src/generate/generate.ts'
import { load } from '../src/generate/load.ts'
import { shareEstimate } from '../src/metrics/intervals.ts'
import { Random } from '../src/random.ts'
import { train } from '../src/train/train.ts'
import { tune } from '../src/tune/tune.ts'
import { type CellContext, defineExperiment } from './experiment.ts'
import { meansTable } from './summary.ts'

/** Numbers of one and two digits, and how many of their 10,000 sums no training sees. */
const MOST = 99
const HELD = 1000

interface Settings {
  /** Sums that the model imitates first, and steps of that. */
  examples: number
  imitationSteps: number
  /** Steps of reinforcement learning, on all sums but those held out. */
  steps: number
  lr: number
  temperature: number
  unbiased: boolean
}

/** A share of the held-out sums, with its 95 % interval. */
interface Success {
  share: number
  low: number
  high: number
}

interface Result {
  before: Success
  after: Success
  /** Of reinforcement learning. */
  steps: number
  seconds: number
  ended: string
}

const options = { scale: z.number().gt(0).max(1).default(1) }

/**
 * Whether rewards teach what imitation began: a model that adds two numbers below 100 right now
 * and then is rewarded for right sums alone. It is measured on sums that it never saw, with the
 * likeliest token each time.
 */
export const grpo = defineExperiment<typeof options, Settings, Result>({
  name: 'grpo',
  summary: 'GRPO: success at sums held out, before and after rewards for right sums',
  options,
  help: { scale: 'share of the steps of GRPO that is done, to try it' },
  cells: ({ scale }) => {
    const steps = (count: number) => Math.max(1, Math.round(scale * count))
    const all = {
      examples: 2000,
      imitationSteps: 300,
      steps: steps(3500),
      lr: 1.5e-4,
      temperature: 1.2,
    }
    return {
      GRPO: { ...all, unbiased: false },
      'without deviation and length bias': { ...all, unbiased: true },
    }
  },
  run: async ({ examples, imitationSteps, ...settings }, context) => {
    const { seed, folder, signal, report } = context
    const sums = shuffled(new Random(seed))
    const [held, learned] = [sums.slice(0, HELD), sums.slice(HELD)]
    const path = (name: string) => join(folder, name)
    await writeFile(
      path('text.jsonl'),
      jsonLines(learned.slice(0, examples), ({ text }) => ({ text })),
    )
    await writeFile(
      path('prompts.jsonl'),
      jsonLines(learned, ({ text: _, ...record }) => record),
    )
    const base = path('base')
    await train(
      {
        data: [path('text.jsonl')],
        val: 0,
        out: base,
        tokenizer: 'char',
        documents: 'whole',
        layers: 3,
        heads: 4,
        dim: 128,
        context: 16,
        batch: 64,
        steps: imitationSteps,
        lr: 1e-3,
        seed,
        threads: 2,
      },
      { signal },
    )
    signal.throwIfAborted()
    const before = await successOf(base, held, context)
    report(`before: ${before.share}`)
    // The last model is measured: none is chosen by what it is measured on.
    const tuned = await tune(
      {
        method: 'grpo',
        model: base,
        data: [path('prompts.jsonl')],
        val: 0,
        out: path('tuned'),
        reward: ['exact'],
        group: 8,
        batch: 256,
        maxTokens: 4,
        weightDecay: 0,
        evalEvery: settings.steps,
        ...settings,
        seed,
        threads: 2,
      },
      { signal, onMessage: report },
    )
    signal.throwIfAborted()
    const after = await successOf(tuned.out, held, context)
    return { before, after, steps: tuned.steps, seconds: tuned.seconds, ended: tuned.ended }
  },
  summarize: (results) =>
    meansTable(results, {
      'before (%)': ({ result }) => 100 * result.before.share,
      'after (%)': ({ result }) => 100 * result.after.share,
      'lower bound of its interval (%)': ({ result }) => 100 * result.after.low,
      'seconds of GRPO': ({ result }) => result.seconds,
    }),
})

interface Sum {
  text: string
  prompt: string
  answer: string
}

/** All sums of two numbers, in a random order. */
function shuffled(random: Random): Sum[] {
  const sums: Sum[] = []
  for (let a = 0; a <= MOST; a++)
    for (let b = 0; b <= MOST; b++) {
      const [prompt, answer] = [`${a}+${b}=`, String(a + b)]
      sums.push({ text: prompt + answer, prompt, answer })
    }
  for (let i = sums.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    const kept = sums[i] as Sum
    sums[i] = sums[j] as Sum
    sums[j] = kept
  }
  return sums
}

const jsonLines = (sums: readonly Sum[], record: (sum: Sum) => object): string =>
  sums.map((sum) => JSON.stringify(record(sum))).join('\n')

/** The share of sums that a model completes right. */
async function successOf(
  folder: string,
  sums: readonly Sum[],
  { signal }: CellContext,
): Promise<Success> {
  const model = await load(folder, { threads: 2 })
  try {
    const prompts = sums.map(({ prompt }) => prompt)
    const written = await generateAll(model, prompts, { temperature: 0, maxTokens: 4, signal })
    signal.throwIfAborted()
    const hits = written.filter(({ text }, i) => text === sums[i]?.answer).length
    const { value, low = 0, high = 1 } = shareEstimate(hits, sums.length)
    return { share: value, low, high }
  } finally {
    await model.dispose()
  }
}
