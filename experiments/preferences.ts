import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { shareEstimate } from '../src/metrics/intervals.ts'
import { Random } from '../src/random.ts'
import { train } from '../src/train/train.ts'
import { tune } from '../src/tune/tune.ts'
import { type CellContext, defineExperiment } from './experiment.ts'
import { meansTable } from './summary.ts'

type Pair = Readonly<Record<'prompt' | 'chosen' | 'rejected', string>>

interface Settings {
  data: 'synthetic' | 'politeness'
  method: 'dpo' | 'reward'
  /** Pairs to learn from at most, and held-out ones. */
  pairs: number
  held: number
  layers: number
  dim: number
  context: number
  /** Updates of the body on text, of the conversations, and on preferences. */
  textSteps: number
  chatSteps: number
  steps: number
  /** Pairs of a step. */
  batch: number
  lr: number
}

interface Result {
  /** Share of the held-out pairs whose preferred answer has the higher reward, and its interval. */
  accuracy: number
  low: number
  margin: number
  held: number
}

const options = {
  pairs: z.number().int().min(20).default(12_000),
  scale: z.number().gt(0).max(1).default(1),
}

/**
 * Whether DPO and a reward model find what is preferred: on pairs whose better answer is known (it
 * names more things of the kind that is asked for), and on 1,100 pairs of more and less polite
 * answers. All models begin with nothing.
 */
export const preferences = defineExperiment<typeof options, Settings, Result>({
  name: 'preferences',
  summary: 'DPO and a reward model: held-out accuracy on synthetic preferences and on politeness',
  options,
  help: {
    pairs: 'synthetic pairs to learn from',
    scale: 'share of all steps that is done, to try it',
  },
  cells: ({ pairs, scale }) => {
    const steps = (count: number) => Math.max(1, Math.round(scale * count))
    const synthetic = {
      data: 'synthetic',
      pairs,
      held: 500,
      layers: 2,
      dim: 64,
      context: 64,
      textSteps: steps(200),
      chatSteps: steps(300),
    } as const
    const politeness = {
      data: 'politeness',
      pairs: 880,
      held: 220,
      layers: 4,
      dim: 128,
      context: 192,
      textSteps: steps(800),
      chatSteps: steps(300),
    } as const
    const dpo = { method: 'dpo', batch: 8 } as const
    const reward = { method: 'reward', batch: 32 } as const
    return {
      'synthetic, DPO': { ...synthetic, ...dpo, steps: steps(600), lr: 5e-4 },
      'synthetic, reward model': { ...synthetic, ...reward, steps: steps(1500), lr: 2e-3 },
      'politeness, DPO': { ...politeness, ...dpo, steps: steps(330), lr: 2e-4 },
      'politeness, reward model': { ...politeness, ...reward, steps: steps(150), lr: 5e-4 },
    }
  },
  run: async (settings, context) => {
    const { data, method, held, batch, steps, lr } = settings
    const { seed, folder, signal } = context
    const random = new Random(seed)
    const all = data === 'synthetic' ? synthetic(settings, random) : await politeness(context)
    const [learned, measured] = [all.slice(held), all.slice(0, held)]
    const path = (name: string) => join(folder, name)
    const files = { data: [path('pairs.jsonl')], val: [path('held.jsonl')] }
    await writeFile(path('pairs.jsonl'), jsonLines(learned.slice(0, settings.pairs)))
    await writeFile(path('held.jsonl'), jsonLines(measured))
    const text = await textModel(learned, settings, context)
    // The last model is measured: none is chosen by what it is measured on.
    const given = { ...files, seed, threads: 2, batch, steps, lr, evalEvery: steps }
    const out = path(method)
    const learn = async () => {
      if (method === 'reward')
        return train({ ...given, task: 'reward', model: text, out }, { signal })
      const model = await chatModel(learned, text, settings, context)
      return tune({ ...given, method, model, out }, { signal, onMessage: context.report })
    }
    const { final } = await learn()
    const { accuracy = Number.NaN, margin = Number.NaN } = final?.metrics ?? {}
    const { low = Number.NaN } = shareEstimate(Math.round(accuracy * held), held)
    return { accuracy, low, margin, held }
  },
  summarize: (results) =>
    meansTable(results, {
      'accuracy (%)': ({ result }) => 100 * result.accuracy,
      'lower bound of its interval (%)': ({ result }) => 100 * result.low,
      margin: ({ result }) => result.margin,
    }),
})

/** Trained on both answers of each pair as text. Its folder. */
async function textModel(
  pairs: readonly Pair[],
  { data, layers, dim, context, textSteps: steps }: Settings,
  { folder, seed, signal }: CellContext,
): Promise<string> {
  const file = join(folder, 'text.txt')
  const texts = pairs.flatMap(({ prompt, chosen, rejected }) =>
    [chosen, rejected].map((answer) => `user: ${prompt}\nassistant: ${answer}\n`),
  )
  await writeFile(file, texts.join('\n'))
  const out = join(folder, 'text')
  const sizes = { layers, dim, heads: dim / 32, context }
  const tokenizer = data === 'synthetic' ? 'char' : 'bpe'
  const given = { data: [file], val: 0, out, tokenizer, steps, lr: 2e-3, batch: 16 }
  await train({ ...given, ...sizes, architecture: 'llama', seed, threads: 2 }, { signal })
  signal.throwIfAborted()
  return out
}

/** Answers as one or the other, whichever is preferred. Its folder. */
async function chatModel(
  pairs: readonly Pair[],
  model: string,
  { chatSteps: steps }: Settings,
  { folder, seed, signal }: CellContext,
): Promise<string> {
  const file = join(folder, 'chat.jsonl')
  const records = pairs.flatMap(({ prompt: instruction, chosen, rejected }) =>
    [chosen, rejected].map((output) => ({ instruction, output })),
  )
  await writeFile(file, jsonLines(records))
  const out = join(folder, 'chat')
  await tune({ model, data: [file], val: 0, out, steps, lr: 1e-3, seed, threads: 2 }, { signal })
  signal.throwIfAborted()
  return out
}

const jsonLines = (records: readonly object[]) =>
  records.map((one) => JSON.stringify(one)).join('\n')

/** Kinds of things in two languages, and how one is asked for them. */
const LANGUAGES = [
  {
    ask: (kind: string) => `Name three ${kind}.`,
    kinds: {
      animals: ['cat', 'dog', 'horse', 'whale', 'lion', 'mouse', 'eagle', 'frog'],
      colors: ['red', 'green', 'blue', 'black', 'white', 'yellow', 'brown', 'pink'],
      tools: ['saw', 'hammer', 'drill', 'pliers', 'file', 'axe', 'spade', 'rake'],
    },
    join: ', ',
  },
  {
    ask: (kind: string) => `请说三种${kind}。`,
    kinds: {
      动物: ['猫', '狗', '马', '鲸', '狮子', '老鼠', '鹰', '青蛙'],
      颜色: ['红', '绿', '蓝', '黑', '白', '黄', '棕', '粉'],
      工具: ['锯', '锤子', '钻', '钳子', '锉', '斧', '铲', '耙'],
    },
    join: '、',
  },
] as const

/** The answer with more things of the kind asked for is preferred: a perfect judge is right. */
function synthetic({ pairs, held }: Settings, random: Random): Pair[] {
  const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)] as T
  return Array.from({ length: pairs + held }, () => {
    const { ask, kinds, join } = pick(LANGUAGES)
    const names = Object.keys(kinds)
    const kind = pick(names)
    const things = (name: string) => (kinds as Record<string, readonly string[]>)[name] ?? []
    const answer = (right: number) => {
      const of = [0, 1, 2].map((i) => (i < right ? kind : pick(names.filter((n) => n !== kind))))
      const order = of.map((name) => ({ thing: pick(things(name)), at: random.uniform() }))
      return order
        .sort((a, b) => a.at - b.at)
        .map(({ thing }) => thing)
        .join(join)
    }
    const worse = random.integer(3)
    const better = worse + 1 + random.integer(3 - worse)
    return { prompt: ask(kind), chosen: answer(better), rejected: answer(worse) }
  })
}

const record = z.object({
  instruction: z.string(),
  input: z.string(),
  chosen: z.string(),
  rejected: z.string(),
})

/** Answers of which the more polite one is preferred (Raschka 2024), in an order by the seed. */
async function politeness({ read, seed }: CellContext): Promise<Pair[]> {
  const file = 'chat/instruction-data-with-preference.json'
  const all = z.array(record).parse(JSON.parse(await read(file)))
  // In some, both answers are the same, and say nothing.
  const records = all.filter(({ chosen, rejected }) => chosen !== rejected)
  const random = new Random(seed)
  return records
    .map((one) => ({ one, at: random.uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one: { instruction, input, chosen, rejected } }) => ({
      prompt: input ? `${instruction}\n\n${input}` : instruction,
      chosen,
      rejected,
    }))
}
