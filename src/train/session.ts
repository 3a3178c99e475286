import { join } from 'node:path'
import type { Files } from '../files/folder.ts'
import { promote } from '../files/promote.ts'
import { replaceFile } from '../files/write-aside.ts'
import {
  type ModelFilesOptions,
  modelFiles,
  type ParameterValues,
} from '../formats/huggingface/model-files.ts'
import type { Lora } from '../formats/peft/lora/lora.ts'
import { Decoder } from '../models/decoder.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import { countParameters, type Model } from '../models/model.ts'
import { trainingFlopsPerToken } from '../models/parameters.ts'
import type { Initialization, Module } from '../nn/index.ts'
import type { Tensors } from '../runtime/bound.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { expectMemory, peakMemory, trainingBytes } from '../runtime/memory.ts'
import { measurePeak } from '../runtime/peak.ts'
import type { TrainingRows } from '../tasks/task.ts'
import { checkDiskSpace } from './checkpoint-files.ts'
import { Checkpoints } from './checkpoints.ts'
import { countSteps } from './count-steps.ts'
import type { Horizon } from './dial.ts'
import { refuseContradictions } from './idle-options.ts'
import type { ResumeTable } from './on-resume.ts'
import { OPTIMIZERS } from './optimizers/index.ts'
import type { TrainingOptions } from './options.ts'
import { measureOutcome, type Outcome } from './outcome.ts'
import { selectParameters } from './parameter-groups.ts'
import { openRecorder } from './recorder.ts'
import type { Metrics } from './report/metrics.ts'
import { type RunResult, runTraining } from './run.ts'
import { Sampler } from './sampler.ts'
import { schedules } from './schedules.ts'
import { Trainer } from './trainer.ts'

/** What a caller may follow a training with. */
export interface TrainEvents {
  /** Once all sizes are settled, before the first step. */
  onStart?(facts: StartFacts): void
  /** After each step and each validation. */
  onMetrics?(metrics: Metrics): void
  /** A line for the user. */
  onMessage?(text: string): void
  /** After each validation: a text that the model makes as it stands. */
  onSample?(text: string, step: number): void
  /**
   * Ends the training, with a checkpoint of the last whole step. Before the first one there is
   * nothing to save: the signal's reason is thrown.
   */
  signal?: AbortSignal
}

export interface StartFacts {
  /** Updates of the whole training. */
  steps: number
  /** Updates that were done before, by the run that this one resumes. */
  resumedAt: number
  /** Numbers that are learned. */
  parameters: number
  /** Sequences of a step. */
  batch: number
  /** Tokens of a sequence. */
  context: number
  learningRate: number
  engine: string
}

/** Figures of the model in `out`, on the whole validation data; `final` has the last step's. */
export interface TrainResult extends Outcome {
  out: string
  /** Updates of the model in `out`: the one with the least validation loss. */
  bestStep: number
  /** Of training. */
  tokensPerSecond: number
  parameters: number
  /** Of training, pauses between resumed runs left out. */
  seconds: number
  peakRssBytes: number
  /** Updates done. */
  steps: number
  ended: RunResult['ended']
}

/** An adapter that is learned instead of the model. */
export interface SessionAdapter {
  lora: Lora
  /** The model's parameters by name. */
  frozen: Tensors
  /** What the folder then holds. */
  files(values: ParameterValues): Files
  /** Reads it back. */
  read(folder: string, parameters: Tensors): Promise<void>
}

/** What a training adds to its task: models and losses beside those of the task. */
export interface Extension {
  /** The task's, with another reader or objective. */
  rows: TrainingRows
  /** Weights of other models, by their names in the graph; freed at the end. */
  frozen: Tensors
  /** The model with what is learned beside it, and not saved with it; default: the model. */
  learned?: Module | undefined
  /** Fills the parameters, in place of the base model. */
  start?: ((trainer: Trainer) => Promise<void>) | undefined
  /** What a resumed run must share. */
  identity: Record<string, unknown>
  /** Closes what the rows read. */
  close?(): void
}

export interface SessionOptions {
  options: TrainingOptions & { init?: Initialization | undefined }
  engine: Engine
  model: Model
  adapter?: SessionAdapter | undefined
  /** See `Extension`. */
  extension?: Pick<Extension, 'learned' | 'frozen'> | undefined
  /** What is learned, and what is minimized. */
  rows: TrainingRows
  /** Sequences of a step, before accumulation. */
  batch: number
  /** What the model's folder holds besides the weights. */
  files: Omit<ModelFilesOptions, 'model' | 'values'>
  /** What the user did not set. */
  defaults: Horizon
  /** Fills the parameters with a model to start from. */
  start?: ((trainer: Trainer) => Promise<void>) | undefined
  /** What a resumed run must share with the one before, besides its options. */
  identity: Record<string, unknown>
  onResume: ResumeTable
  events: TrainEvents
}

/** Trains from the first step or the last checkpoint to the end; records, validates and saves. */
export async function trainingSession(session: SessionOptions): Promise<TrainResult> {
  const { options, engine, model, adapter, rows, defaults, events } = session
  const { length: context } = rows
  const validation = rows.validation?.(session.batch)
  const { signal } = events
  const { out } = options
  const learned = selectParameters((adapter?.lora ?? model).parameters(), options)
  const parameters = countParameters({ parameters: () => learned })
  const filesOf = (tensors: Tensors) => {
    const values = { tensor: (name: string) => tensors[name] as DeviceTensor }
    return adapter?.files(values) ?? modelFiles({ ...session.files, model, values })
  }
  const batch = session.batch * options.accumulate
  const checkpoints = new Checkpoints({
    out,
    keep: options.keep,
    identity: { ...session.identity, batch },
    options,
    onResume: session.onResume,
    modelFiles: filesOf,
  })
  refuseTooLarge(session, parameters, batch)
  const resumed = options.resume ? await checkpoints.newest() : undefined
  // Weights, and at most three vectors of optimizer state; one checkpoint more while it is made.
  const frozen = adapter ? 0 : countParameters(model) - parameters
  await checkDiskSpace(out, (16 * parameters + 8 * frozen) * (options.keep + 1))
  signal?.throwIfAborted()
  const reader = rows.reader(batch)
  const trainer = await createTrainer(session, batch)
  checkpoints.attach(trainer)
  let sampler: Sampler | undefined
  try {
    await session.start?.(trainer)
    const live = { live: trainer.parameters }
    const start = { ...session.files, engine, model, weights: live, signal }
    await rows.begin?.(start, { resumes: resumed !== undefined })
    if (resumed) await checkpoints.restore(resumed)
    if (resumed) reader.restore(resumed.progress.reader)
    const learningRate = options.lr ?? defaults.learningRate
    const tokens = batch * context
    const steps = await countSteps(session, trainer, reader, tokens, resumed?.progress)
    const validates = validation !== undefined
    refuseContradictions({ ...options, lr: learningRate, steps, validates })
    const schedule = schedules[options.schedule]({
      peak: learningRate,
      floor: options.minLr ?? learningRate / 10,
      warmup: options.warmup ?? Math.floor(steps / 20),
      total: steps,
    })
    let peak = await measurePeak(engine)
    // Gradients of matrices are a third of the work, and frozen ones have none.
    const share = adapter ? 0 : parameters / countParameters(model)
    const flops = (trainingFlopsPerToken(model, context) * (2 + share)) / 3
    const recorder = await openRecorder(out, trainer.step)
    // A resumed run knows what was seen before, and is not warned of it again.
    for (const figures of recorder.history) {
      rows.watch?.(figures)
      rows.collapsed?.(figures)
    }
    const record = (metrics: Metrics) => {
      const { tokensPerSecond } = metrics
      const reached = tokensPerSecond && tokensPerSecond * flops
      // What a busy machine measured too low is corrected by what is reached.
      if (reached) peak = Math.max(peak, reached)
      const peakShare = reached && { peakShare: reached / peak }
      recorder.write({ ...metrics, ...peakShare })
      events.onMetrics?.({ ...metrics, ...peakShare })
      const warning = rows.watch?.(metrics)
      if (warning !== undefined) events.onMessage?.(warning)
    }
    const expected = validation?.expected
    const writer =
      (model instanceof Decoder && !model.head) || (model instanceof EncoderDecoder && expected)
        ? model
        : undefined
    sampler = writer && new Sampler({ ...session.files, engine, model: writer, trainer, expected })
    const resumedAt = trainer.step
    const facts = { steps, resumedAt, parameters, batch, context, learningRate }
    events.onStart?.({ ...facts, engine: engine.reason })
    const run = await runTraining({
      trainer,
      reader,
      validation: validation?.batches,
      judge: validation?.judge,
      evaluationObjective: rows.evaluationObjective,
      wholeBatch: rows.wholeBatch,
      steps,
      schedule,
      evalEvery: options.evalEvery ?? Math.max(1, Math.ceil(steps / 10)),
      patience: options.patience,
      onSpike: options.onSpike,
      collapsed: rows.collapsed,
      resumed: resumed?.progress,
      checkpoints,
      onMetrics: record,
      onMessage: events.onMessage,
      onEvaluated: async ({ step }) => {
        await recorder.flush()
        if (events.onSample && sampler) events.onSample(await sampler.sample(signal), step)
      },
      signal,
    }).finally(() => recorder.close())
    const average = trainer.vectors.get('average')
    if (average) await promote(join(out, 'average'), filesOf({ ...trainer.parameters, ...average }))
    const conclude = async () => {
      const isBest = run.bestStep === run.step
      const outcome = await measureOutcome(session, trainer, { validation, isBest })
      const sample = await sampler?.sample(signal)
      signal?.throwIfAborted()
      if (sample === undefined) return outcome
      await replaceFile(join(out, 'sample.txt'), sample)
      events.onSample?.(sample, run.bestStep)
      return outcome
    }
    // All is saved by now: an abort leaves the figures out, and a resumed run gives them.
    const figures = run.ended === 'aborted' ? undefined : await unlessAborted(signal, conclude())
    return {
      out,
      ...figures,
      tokensPerSecond: run.tokensPerSecond,
      parameters,
      seconds: run.seconds,
      peakRssBytes: peakMemory(),
      steps: run.step,
      bestStep: run.bestStep,
      ended: figures ? run.ended : 'aborted',
    }
  } finally {
    sampler?.dispose()
    await trainer.dispose()
  }
}

/** What `work` gives; undefined where the signal ended it. */
const unlessAborted = <T>(signal: AbortSignal | undefined, work: Promise<T>) =>
  work.catch((error: unknown) => {
    if (!signal?.aborted || error !== signal.reason) throw error
    return undefined
  })

/** Throws UserError where the training cannot fit into memory, before any is allocated. */
function refuseTooLarge(
  { options, model, rows: { length } }: SessionOptions,
  learned: number,
  batch: number,
): void {
  const { recompute } = options
  const states =
    OPTIMIZERS[options.optimizer].create(options).state.length + (options.average > 0 ? 1 : 0)
  expectMemory(
    `training ${learned} parameters on ${batch} x ${length} tokens a step`,
    trainingBytes({ model, learned, states, batch, length, recompute }),
    'choose a smaller model, --batch, --accumulate or --context',
  )
}

const createTrainer = (session: SessionOptions, batch: number) => {
  const { options, engine, model, adapter, extension, rows } = session
  return Trainer.create({
    engine,
    model: extension?.learned ?? model,
    adapter: adapter?.lora,
    frozen: { ...adapter?.frozen, ...extension?.frozen },
    learn: options.learn,
    freeze: options.freeze,
    recompute: options.recompute,
    objective: rows.objective,
    wholeBatch: rows.wholeBatch,
    batch,
    length: rows.length,
    init: options.init,
    seed: options.seed,
    optimizer: OPTIMIZERS[options.optimizer].create(options),
    weightDecay: options.weightDecay,
    decay: options.decay,
    clip: options.clip > 0 ? { by: options.clipBy, limit: options.clip } : undefined,
    l1: options.l1,
    l2: options.l2,
    average: options.average > 0 ? options.average : undefined,
  })
}
