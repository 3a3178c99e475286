import { join, resolve } from 'node:path'
import { openAugmenter } from '../data/augment/open-augmenter.ts'
import { type Corpus, openCorpus } from '../data/sources/corpus.ts'
import { printDataEvents } from '../data/sources/data-event.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { createModel, type ModelConfig, stacksOf } from '../models/model.ts'
import type { Initialization } from '../nn/index.ts'
import type { Engine } from '../runtime/engine.ts'
import { withEngine } from '../runtime/open.ts'
import { TOO_FEW } from '../tasks/records.ts'
import type {
  SourcePart,
  Subject,
  Task,
  TrainingData,
  TrainingRows,
  TrainingSource,
} from '../tasks/task.ts'
import { tokenizerHash } from '../text/hash.ts'
import { copyParameters } from './copy-parameters.ts'
import type { Horizon } from './dial.ts'
import type { ResumeTable } from './on-resume.ts'
import type { TrainingOptions } from './options.ts'
import {
  type Extension,
  type SessionAdapter,
  type TrainEvents,
  type TrainResult,
  trainingSession,
} from './session.ts'
import type { ChosenTokenizer } from './tokenizer-for.ts'

/** How a training is followed and what it works with. */
export interface TrainContext extends TrainEvents {
  /** An open engine to train on, which stays the caller's; default: one by the options. */
  engine?: Engine | undefined
}

/** A task to train, and what `train` and `tune` settle in ways of their own. */
export interface TaskTraining {
  task: Pick<Task, 'open'>
  options: TrainingOptions & { documentSeparator?: string; init?: Initialization | undefined }
  /** Sources of text that is learned from besides `data`; nothing of it is held out. */
  added?: readonly string[] | undefined
  /** A model that is trained further. */
  base: OpenModel | undefined
  context: TrainContext
  onResume: ResumeTable
  tokenizer(data: TrainingData): Promise<ChosenTokenizer>
  config(chosen: ChosenTokenizer, data: TrainingData): ModelConfig
  /** What the user did not set. */
  defaults(config: ModelConfig, rows: TrainingRows): Horizon
  /** What is learned in place of the whole model, and what a resumed run must share of it. */
  adapter?:
    | ((
        engine: Engine,
        subject: Subject,
      ) => Promise<SessionAdapter & { identity: Record<string, unknown> }>)
    | undefined
  /** What is added to the task, see `Extension`. */
  extend?:
    | ((engine: Engine, subject: Subject, rows: TrainingRows) => Promise<Extension>)
    | undefined
  /** What else a resumed run must share. */
  identity: Record<string, unknown>
}

/** Trains a task, whichever it is, from the sources to the saved model. */
export async function trainTask(training: TaskTraining): Promise<TrainResult> {
  const { options, context } = training
  const { val, out: own } = options
  const report = printDataEvents(context.onMessage)
  const reading = { ...options, report, own, signal: context.signal }
  const corpus = await openCorpus(options.data, reading)
  let held: Corpus | undefined
  let added: Corpus | undefined
  try {
    if (Array.isArray(val)) held = await openCorpus(val, reading)
    const validation = held ?? (val as number)
    if (training.added) added = await openCorpus(training.added, reading)
    const parts = partsOf(corpus, options).map((part) => ({ ...part, added }))
    return await withEngine(options, context.engine, (engine) =>
      trainOn(training, { engine, parts, validation }),
    )
  } finally {
    await Promise.all([corpus, held, added].map((one) => one?.close()))
  }
}

async function trainOn(
  training: TaskTraining,
  { engine, parts, validation }: { engine: Engine } & Pick<TrainingSource, 'parts' | 'validation'>,
): Promise<TrainResult> {
  const { task, options, base, context: events } = training
  const { out, seed, shuffle, resume } = options
  const tell = (text: string) => events.onMessage?.(text)
  const report = printDataEvents(events.onMessage)
  const { augment } = options
  const augmenter = augment && (await openAugmenter({ ...options, augment }, report))
  const data = await task.open(
    {
      parts,
      validation,
      seed,
      shuffle,
      resume,
      folder: join(out, 'data'),
      augmenter,
      report,
      signal: events.signal,
      tell,
    },
    options,
  )
  let adapter: SessionAdapter | undefined
  let extension: Extension | undefined
  try {
    await augmenter?.expectSynonyms(data.texts())
    const chosen = await training.tokenizer(data)
    const { tokenizer, chatTemplate } = chosen
    const config = training.config(chosen, data)
    const model = createModel(config)
    const addBos = chosen.addBos ?? base?.addBos
    const subject = { model, tokenizer, chatTemplate, addBos }
    const longest = Math.min(options.context ?? Infinity, stacksOf(config)[0]?.context ?? 0)
    const prepared = await data.prepare(subject, longest)
    for (const notice of prepared.notices) tell(notice)
    const defaults = training.defaults(config, prepared)
    const batch = batchOf(prepared, options.batch, defaults.batch, tell)
    const attached = await training.adapter?.(engine, subject)
    adapter = attached
    extension = await training.extend?.(engine, subject, prepared)
    const { rows } = extension ?? { rows: prepared }
    const isOtherHead = base !== undefined && !isSameHead(headOf(config), headOf(base.config))
    return await trainingSession({
      options,
      batch,
      engine,
      model,
      adapter,
      extension,
      rows,
      files: { tokenizer, chatTemplate, addBos: rows.addBos || addBos },
      defaults,
      start:
        extension?.start ??
        (base && !adapter
          ? (trainer) =>
              copyParameters(base, trainer.parameters, {
                body: isOtherHead,
                tokens: tokenizer.vocabSize,
              })
          : undefined),
      onResume: training.onResume,
      identity: {
        config,
        tokenizer: tokenizerHash(tokenizer),
        ...rows.identity,
        ...augmenter?.identity,
        ...training.identity,
        ...attached?.identity,
        ...extension?.identity,
      },
      events,
    })
  } finally {
    data.close()
    extension?.close?.()
    for (const tensor of Object.values({ ...adapter?.frozen, ...extension?.frozen }))
      tensor.dispose()
  }
}

/**
 * The sources as one, or one by one where they have weights. Throws UserError where two of these
 * share a file: what is held out of one would be learned from the other.
 */
function partsOf(corpus: Corpus, { data, weights }: TrainingOptions): SourcePart[] {
  if (!weights) return [{ name: data.join(' '), corpus, weight: 1 }]
  const parts = corpus.bySource().map((part, i) => {
    return { name: data[i] as string, corpus: part, weight: weights[i] as number }
  })
  const origins = new Map<string, string>()
  for (const { name, corpus: part } of parts)
    for (const file of part.files) {
      const key = `${resolve(file.path)}#${file.field}`
      const other = origins.get(key)
      if (other !== undefined)
        throw new UserError(
          `${file.name} is in two sources, ${other} and ${name}, which --weights are given for; ` +
            'give each file once',
        )
      origins.set(key, name)
    }
  return parts
}

/** Rows of a step, before accumulation. */
function batchOf(
  { most = Infinity, wholeBatch }: TrainingRows,
  given: number | undefined,
  byDefault: number,
  tell: (text: string) => void,
): number {
  const batch = Math.min(given ?? byDefault, most)
  if (given !== undefined && batch < given)
    tell(`a batch has ${batch} records, not ${given}: there are no more`)
  if (wholeBatch && batch < 2) throw new UserError(TOO_FEW)
  return batch
}

/** Whether a head has the other's parameters: where one number is for something else, too. */
const isSameHead = (a: HeadConfig | undefined, b: HeadConfig | undefined): boolean =>
  a === b || (a?.task === 'regress' && b?.task === 'regress')

const headOf = (config: ModelConfig) => ('head' in config ? config.head : undefined)
