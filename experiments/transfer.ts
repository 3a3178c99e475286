import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { train } from '../src/train/train.ts'
import { transfer as measureTransfer } from '../src/tune/transfer/transfer.ts'
import { type CellContext, defineExperiment } from './experiment.ts'
import { formatMean, markdownTable, meanOf } from './summary.ts'
import { DATA_SETS, type DataSetName, draw, writeRecords } from './text-classification.ts'

const count = z.number().int().min(1)
const options = {
  /** Training examples of each task. */
  size: count.default(2000),
  steps: count.default(250),
  pretrainSteps: count.default(1500),
  layers: count.default(2),
  dim: count.default(128),
  heads: count.default(4),
  vocab: count.default(8192),
  batch: count.default(32),
  lr: z.number().gt(0).default(5e-4),
  share: z.number().gt(0).max(1).default(0.1),
  dropout: z.number().gt(0).lt(1).default(0.1),
  weightDecay: z.number().gt(0).default(0.1),
  threads: count.optional(),
}

type Settings = z.output<z.ZodObject<typeof options>>

/** One number of a matrix: what is learned from what, under what, and what came out. */
interface Figure {
  variant: string
  /** `base → sst2`, or `sst2, after trec` of what may be forgotten. */
  name: string
  kind: 'score' | 'over scratch' | 'over base' | 'over plain' | 'forgetting'
  value: number
}

const NAMES = Object.keys(DATA_SETS) as DataSetName[]

/**
 * Do augmentation, dropout and weight decay make a model transfer? A base that learned masked
 * tokens of the texts of three tasks learns each, also after each other; without any of the three,
 * and with each alone.
 */
export const transfer = defineExperiment<typeof options, Settings, { figures: Figure[] }>({
  name: 'transfer',
  summary: 'What SST-2, TREC and ChnSentiCorp gain from a base and from each other.',
  options,
  help: {
    size: 'training examples of each task',
    steps: 'steps of each training',
    pretrainSteps: 'steps of the base with masked tokens',
    layers: 'layers',
    dim: 'width',
    heads: 'attention heads',
    vocab: 'tokens of the vocabulary',
    batch: 'examples of a step',
    lr: 'highest learning rate',
    share: 'share of words that deletion and swap change, with augmentation',
    dropout: 'rate of dropout, with dropout',
    weightDecay: 'weight decay, with weight decay',
    threads: 'threads to compute with (default: as many as the machine runs at once)',
  },
  cells: (settings) => ({ matrix: settings }),
  run: async (settings, context) => {
    const { steps, batch, lr, share, dropout, weightDecay, threads } = settings
    const { folder, seed, signal, report } = context
    const { base, tasks } = await prepare(settings, context)
    const { matrices } = await measureTransfer(
      {
        model: base,
        tasks,
        out: join(folder, 'transfer'),
        seeds: [seed],
        vary: ['augmentation', 'dropout', 'weight-decay'],
        augment: { deletion: share, swap: share },
        dropout,
        weightDecay,
        steps,
        batch,
        lr,
        evalEvery: Math.ceil(steps / 3),
        threads,
      },
      { signal, onCell: ({ label, index, total }) => report(`${index}/${total}: ${label}`) },
    )
    const figures = matrices.flatMap(({ variant, cells, forgetting }): Figure[] => [
      ...cells.flatMap(({ source, target, score, overScratch, overBase, overPlain }) => {
        const found = {
          score,
          'over scratch': overScratch,
          'over base': overBase,
          'over plain': overPlain,
        }
        return Object.entries(found).flatMap(([kind, one]): Figure[] => {
          const name = `${source} → ${target}`
          return one ? [{ variant, name, kind: kind as Figure['kind'], value: one.value }] : []
        })
      }),
      ...forgetting.map(({ task, after, change }): Figure => {
        return { variant, name: `${task}, after ${after}`, kind: 'forgetting', value: change.value }
      }),
    ])
    return { figures }
  },
  summarize: (results) => {
    const all = results.flatMap(({ result }) => result.figures)
    const kinds = ['score', 'over scratch', 'over base', 'over plain', 'forgetting'] as const
    const variants = [...new Set(all.map(({ variant }) => variant))]
    const rows = variants.flatMap((variant) => {
      const ofVariant = all.filter((one) => one.variant === variant)
      return [...new Set(ofVariant.map(({ name }) => name))].map((name) => {
        const means = kinds.map((kind) => {
          const values = ofVariant.filter((one) => one.name === name && one.kind === kind)
          return values.length === 0 ? '' : formatMean(meanOf(values.map(({ value }) => value)), 3)
        })
        return [variant, name, ...means]
      })
    })
    return markdownTable(['variant', 'source → target', ...kinds], rows)
  },
})

/** A base that learned masked tokens of all texts, and the list of tasks. */
async function prepare(
  settings: Settings,
  context: CellContext,
): Promise<{ base: string; tasks: string }> {
  const { size, pretrainSteps, layers, dim, heads, vocab, batch, threads } = settings
  const { folder, seed, signal, read } = context
  const listed: object[] = []
  const texts: { text: string }[] = []
  const held: { text: string }[] = []
  for (const name of NAMES) {
    const set = await DATA_SETS[name](read)
    const records = draw(set.train, Math.min(size, set.train.length), seed)
    const test = await writeRecords(context, `${name}-test`, set.test)
    const data = await writeRecords(context, name, records)
    listed.push({ name, task: 'classify', data, test })
    for (const { text } of records) texts.push({ text })
    for (const { text } of set.test.slice(0, 200)) held.push({ text })
  }
  const data = await writeRecords(context, 'texts', texts)
  const test = await writeRecords(context, 'texts-test', held)
  listed.push({ name: 'texts', task: 'mlm', known: true, data, test })
  const tasks = join(folder, 'tasks.json')
  await writeFile(tasks, JSON.stringify(listed))
  const base = join(folder, 'base')
  await train(
    {
      task: 'mlm',
      architecture: 'bert',
      data: [data],
      out: base,
      vocab,
      layers,
      dim,
      heads,
      context: 64,
      batch,
      steps: pretrainSteps,
      evalEvery: pretrainSteps,
      lr: 1e-3,
      seed,
      threads,
    },
    { signal },
  )
  signal.throwIfAborted()
  return { base, tasks }
}
