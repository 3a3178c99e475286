import type { Examples } from '../data/batch.ts'
import { evenlyOf } from '../data/evenly.ts'
import type { BatchSource } from '../data/readers/reader.ts'
import { UserError } from '../errors.ts'
import { LossMeter } from '../evaluate/loss-meter.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { MeasuredRows } from '../tasks/task.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Metrics } from './report/metrics.ts'
import type { Schedule } from './schedules.ts'
import { SpikeDetector } from './spikes.ts'
import { DivergenceError, type Trainer } from './trainer.ts'
import type { Progress } from './training-state.ts'

export interface RunOptions {
  trainer: Trainer
  reader: BatchSource
  /** What validation measures: the objective, without what only training minimizes. */
  evaluationObjective: ObjectiveBuilder
  /** Its batches are never cut up. */
  wholeBatch?: boolean
  /** Batches to validate on, from the start each time. */
  validation: (() => Iterable<Examples>) | undefined
  /** Validates in place of a loss: see `MeasuredRows`. */
  judge?: MeasuredRows['judge']
  /** Updates of the whole training, those before a resumption included. */
  steps: number
  schedule: Schedule
  /** Steps between validations; a checkpoint follows each. */
  evalEvery: number
  /** Stops after so many validations without a new best (early stopping, Prechelt 1998). */
  patience?: number
  /**
   * Why a run is not to go on, by the figures of a step; then a jump of the loss, which shows less,
   * counts for nothing.
   */
  collapsed?: ((metrics: Metrics) => string | undefined) | undefined
  /** What a loss without a number, or a spike, leads to; `rollback` needs checkpoints. */
  onSpike: 'report' | 'rollback' | 'stop'
  /** Where a resumed run stands. */
  resumed?: Progress
  checkpoints?: Pick<Checkpoints, 'save' | 'restore'>
  onMetrics?: (metrics: Metrics) => void
  onMessage?: (message: string) => void
  /** After a validation; the run waits for it. */
  onEvaluated?: (metrics: Metrics) => Promise<void> | void
  signal?: AbortSignal
}

export interface RunResult {
  step: number
  /** Last mean loss of a step. */
  loss: number
  best: number | null
  /** Step of the model in the folder: the best one, or the last without validation. */
  bestStep: number
  seconds: number
  /** Of this run's steps, without validation and saving. */
  tokensPerSecond: number
  /** Why the run ended. */
  ended: 'done' | 'early' | 'aborted' | 'collapsed'
}

/** Nothing good can be learned any more: the run ends, and what was saved stays. */
export class RunEnd extends Error {
  override name = 'RunEnd'
  readonly ended: 'early' | 'collapsed'

  constructor(ended: RunEnd['ended'], message: string) {
    super(message)
    this.ended = ended
  }
}

/** Times that a run may roll back before it gives up. */
const ROLLBACKS = 5

/** Trains until the last step, an abort, or the patience is at its end. */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { trainer, reader, steps, schedule, evalEvery, checkpoints, resumed, signal } = options
  const started = performance.now()
  const before = resumed?.seconds ?? 0
  const seconds = () => before + (performance.now() - started) / 1000
  const spikes = new SpikeDetector()
  const validate = await validator(options)
  const report = (metrics: Metrics) => options.onMetrics?.(metrics)
  let best = resumed?.best ?? null
  let sinceBest = resumed?.sinceBest ?? 0
  let bestStep = resumed?.bestStep ?? 0
  let rollbacks = 0
  let loss = Number.NaN
  let saved = resumed?.step ?? -1
  let due = resumed?.due ?? false
  let learned: Examples | undefined
  /** Where the reader stands after the last step, whatever was read for one that was cut short. */
  let position = reader.state()
  let [tokens, stepTime] = [0, 0]

  const save = async (isBest: boolean) => {
    const { step } = trainer
    const state = { step, steps, reader: position, best, sinceBest, bestStep, due }
    await checkpoints?.save({ ...state, seconds: seconds() }, isBest)
    saved = trainer.step
  }
  const evaluate = async (): Promise<boolean> => {
    await trainer.expectFinite()
    const validated = await validate?.()
    // Without validation data, the last batch shows whether the model still computes.
    const measured = validated?.loss ?? (learned && (await trainer.rehearse(learned)))
    if (measured !== undefined && !Number.isFinite(measured)) {
      const name = validate ? 'validation loss' : 'loss'
      throw new DivergenceError(`step ${trainer.step}: the ${name} is ${measured}`)
    }
    const isBest = validated === undefined || best === null || validated.loss < best
    if (isBest && validated) best = validated.loss
    sinceBest = isBest ? 0 : sinceBest + 1
    if (isBest) bestStep = trainer.step
    const metrics = { step: trainer.step, ...validated?.figures, seconds: seconds() }
    report(metrics)
    due = false
    await save(isBest)
    await options.onEvaluated?.(metrics)
    return options.patience !== undefined && sinceBest >= options.patience
  }
  const recover = async (problem: string) => {
    due = false
    position = reader.state()
    const kept = saved >= 0 ? `the checkpoint of step ${saved} is good` : 'nothing was saved'
    if (options.onSpike !== 'rollback') throw new UserError(`${problem}; ${kept}`)
    if (++rollbacks > ROLLBACKS)
      throw new UserError(`${problem}, after ${ROLLBACKS} rollbacks; ${kept}`)
    const progress = await checkpoints?.restore()
    if (!progress) throw new UserError(`${problem}; there is no checkpoint to go back to`)
    options.onMessage?.(problem)
    options.onMessage?.(`back to step ${progress.step}; the data continues where it was`)
  }

  /** Where a batch cannot be made, as when a reward fails, what was learned before it stays. */
  const nextBatch = async (): Promise<Examples> => {
    try {
      return await reader.next({ signal })
    } catch (error) {
      if (error instanceof UserError && trainer.step > 0 && saved !== trainer.step) {
        await trainer.expectFinite()
        await save(false)
        options.onMessage?.(`step ${trainer.step}: saved before an error; --resume goes on from it`)
      }
      throw error
    }
  }

  /** One update; says what is wrong where the run is not to go on from there. */
  const advance = async (batch: Examples): Promise<string | undefined> => {
    const from = performance.now()
    const result = await trainer.next(batch, schedule(trainer.step), { signal })
    position = reader.state()
    loss = result.loss
    const time = (performance.now() - from) / 1000
    tokens += batch.rows * batch.length
    stepTime += time
    const tokensPerSecond = (batch.rows * batch.length) / time
    const { metrics, ...figures } = result
    const all = { ...figures, ...metrics, ...batch.figures, tokensPerSecond, seconds: seconds() }
    report(all)
    const sign = options.collapsed?.(all)
    if (sign !== undefined) throw new RunEnd('collapsed', sign)
    if (options.collapsed || !spikes.isSpike(loss)) return undefined
    const where = await trainer.largestGradient()
    const problem =
      `step ${trainer.step}: the loss jumped to ${loss.toFixed(3)}; the largest gradient is that ` +
      `of ${where}`
    if (options.onSpike !== 'report') return problem
    options.onMessage?.(problem)
    return undefined
  }

  const end = (ended: RunResult['ended']): RunResult => ({
    step: trainer.step,
    loss,
    best,
    bestStep,
    seconds: seconds(),
    tokensPerSecond: tokens === 0 ? 0 : tokens / stepTime,
    ended,
  })

  try {
    for (;;) {
      try {
        if (signal?.aborted) {
          if (saved !== trainer.step) {
            await trainer.expectFinite()
            await save(false)
          }
          return end('aborted')
        }
        if (due && (await evaluate()) && trainer.step < steps) return end('early')
        if (trainer.step >= steps) return end('done')
        learned = await nextBatch()
        const problem = await advance(learned)
        if (problem) await recover(problem)
        else due = trainer.step % evalEvery === 0 || trainer.step === steps
      } catch (error) {
        // A step that was cut short changed nothing, and a validation stays due.
        if (signal?.aborted && error === signal.reason) continue
        if (error instanceof RunEnd) {
          const { ended, message } = error
          const isCollapse = ended === 'collapsed'
          if (isCollapse && trainer.step === 0)
            throw new UserError(`${message}; nothing was learned`)
          options.onMessage?.(`step ${trainer.step}: ${isCollapse ? 'collapse: ' : ''}${message}`)
          await evaluate()
          return end(ended)
        }
        if (!(error instanceof DivergenceError)) throw error
        await recover(`${error.message}. A lower --lr, more --warmup or a lower --clip may help`)
      }
    }
  } finally {
    validate?.dispose()
  }
}

interface Validated {
  /** The lower, the better. */
  loss: number
  figures: Record<string, number>
}

type Validator = (() => Promise<Validated>) & { dispose(): void }

/** Mean validation loss and metrics, as a function whose programs are made once. */
async function validator(options: RunOptions): Promise<Validator | undefined> {
  const { trainer, validation, evaluationObjective, wholeBatch, judge, signal } = options
  if (judge) return Object.assign(() => judgement(judge, signal), { dispose: () => {} })
  if (!validation) return undefined
  const [first] = validation()
  if (!first) return undefined
  const { engine, parameters } = trainer
  const meter = await LossMeter.create(engine, evaluationObjective, parameters, first, {
    wholeBatch,
  })
  const kept = Math.ceil(VALIDATION_TOKENS / (first.rows * first.length))
  let all = 0
  for (const _ of validation()) all++
  const measure = async () => {
    // The beginning would be of one kind only where the data is sorted.
    const some = evenlyOf(validation(), { count: kept, total: all })
    const { loss: total, metrics, count } = await meter.measure(some, { signal })
    const loss = total / count
    const means = Object.entries(metrics).map(([name, total]) => [nameOf(name), total / count])
    return { loss, figures: { validationLoss: loss, ...Object.fromEntries(means) } }
  }
  return Object.assign(measure, { dispose: () => meter.dispose() })
}

async function judgement(
  judge: NonNullable<MeasuredRows['judge']>,
  signal: AbortSignal | undefined,
): Promise<Validated> {
  const judged = Object.entries(await judge({ most: VALIDATION_RECORDS, signal }))
  const figures = judged.map(([name, { value }]) => [nameOf(name), value] as const)
  return { loss: -(figures[0]?.[1] ?? Number.NaN), figures: Object.fromEntries(figures) }
}

const nameOf = (metric: string) => `validation${metric[0]?.toUpperCase()}${metric.slice(1)}`

/** Enough to rank the models of one training; its end measures all of the data. */
const VALIDATION_TOKENS = 32_768
const VALIDATION_RECORDS = 256
