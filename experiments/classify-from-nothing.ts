import { join } from 'node:path'
import { z } from 'zod'
import type { TrainOptions } from '../src/train/options.ts'
import { train } from '../src/train/train.ts'
import { type CellContext, defineExperiment } from './experiment.ts'
import { meansTable } from './summary.ts'
import {
  type Classified,
  DATA_SETS,
  type LabeledRecord,
  trainClassifier,
  writeRecords,
} from './text-classification.ts'

const count = z.number().int().min(1)
const options = {
  steps: count.default(3000),
  trecSteps: count.default(1500),
  pretrainSteps: count.default(3000),
  layers: count.default(2),
  dim: count.default(128),
  heads: count.default(4),
  vocab: count.default(8192),
  batch: count.default(32),
  lr: z.number().gt(0).default(1e-3),
  /** Of a body that was pre-trained. */
  tunedLr: z.number().gt(0).default(5e-4),
  weightDecay: z.number().min(0).default(0.1),
  dropout: z.number().gt(0).lt(1).default(0.1),
  share: z.number().gt(0).max(1).default(0.1),
  synonyms: z.string().min(1).default('wordnet'),
  threads: count.optional(),
}

type Knobs = z.output<z.ZodObject<typeof options>>

interface Settings extends Omit<Knobs, 'trecSteps'> {
  data: 'sst2' | 'trec'
  arms: readonly Arm[]
}

const ARMS = ['augmentation', 'dropout', 'pre-training'] as const
type Arm = (typeof ARMS)[number]

/**
 * How good a classifier of SST-2 and TREC becomes that begins with random weights, and what
 * augmentation, dropout, and pre-training with masked tokens on the same text each give.
 */
export const classifyFromNothing = defineExperiment<typeof options, Settings, Classified>({
  name: 'classify-from-nothing',
  summary: 'SST-2 and TREC from nothing: what augmentation, dropout and pre-training each give.',
  options,
  help: {
    steps: 'steps on SST-2',
    trecSteps: 'steps on TREC',
    pretrainSteps: 'steps with masked tokens before',
    layers: 'layers',
    dim: 'width',
    heads: 'attention heads',
    vocab: 'tokens of the vocabulary',
    batch: 'examples of a step',
    lr: 'highest learning rate',
    tunedLr: 'highest learning rate after pre-training',
    weightDecay: 'weight decay',
    dropout: 'dropout of the arms that have it',
    share: 'share of words that each operation of the augmentation changes',
    synonyms: '`wordnet|FILE` synonyms',
    threads: 'threads to compute with (default: as many as the machine runs at once)',
  },
  cells: ({ trecSteps, ...knobs }) => {
    const cells: Record<string, Settings> = {}
    for (const data of ['sst2', 'trec'] as const)
      for (const arms of [[], ...ARMS.map((arm) => [arm]), ARMS]) {
        const name = arms.length === 0 ? 'baseline' : arms.map((arm) => `+ ${arm}`).join(' ')
        const steps = data === 'trec' ? trecSteps : knobs.steps
        cells[`${data} ${name}`] = { ...knobs, data, arms, steps }
      }
    return cells
  },
  run: async (settings, context) => {
    const { data, arms, steps, synonyms, share, threads, batch, weightDecay } = settings
    const { train: all, dev, test } = await DATA_SETS[data](context.read)
    const has = (arm: Arm) => arms.includes(arm)
    const body: Partial<TrainOptions> = {
      architecture: 'bert',
      tokenizer: 'bpe',
      vocab: settings.vocab,
      layers: settings.layers,
      dim: settings.dim,
      heads: settings.heads,
      dropout: has('dropout') ? settings.dropout : 0,
      context: 64,
    }
    const pretrained = has('pre-training')
      ? await pretrain(context, all, { ...settings, body })
      : undefined
    return trainClassifier(context, {
      ...(pretrained === undefined ? body : { model: pretrained }),
      data: [await writeRecords(context, 'train', all)],
      ...(dev && { val: [await writeRecords(context, 'dev', dev)] }),
      test,
      ...(has('augmentation') && {
        augment: { deletion: share, swap: share, replacement: share, insertion: share },
        synonyms,
      }),
      batch,
      weightDecay,
      lr: pretrained === undefined ? settings.lr : settings.tunedLr,
      steps,
      evalEvery: Math.ceil(steps / 10),
      threads,
    })
  },
  summarize: (results) =>
    meansTable(
      results,
      {
        'accuracy, %': ({ result }) => 100 * result.accuracy,
        seconds: ({ seconds }) => seconds,
      },
      { decimals: 1 },
    ),
})

/** A body that learned masked tokens of the texts, without their labels. */
async function pretrain(
  context: CellContext,
  records: readonly LabeledRecord[],
  {
    body,
    pretrainSteps,
    batch,
    lr,
    threads,
  }: Pick<Knobs, 'pretrainSteps' | 'batch' | 'lr' | 'threads'> & { body: Partial<TrainOptions> },
): Promise<string> {
  const { folder, seed, signal } = context
  const out = join(folder, 'pre-trained')
  const texts = records.map(({ text }) => ({ text }))
  await train(
    {
      ...body,
      task: 'mlm',
      data: [await writeRecords(context, 'texts', texts)],
      out,
      seed,
      batch,
      lr,
      steps: pretrainSteps,
      evalEvery: pretrainSteps,
      threads,
    },
    { signal },
  )
  signal.throwIfAborted()
  return out
}
