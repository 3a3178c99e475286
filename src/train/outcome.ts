import { withModel } from '../checkpoint/open-model.ts'
import { type Measurement, measureTask } from '../evaluate/measure-model.ts'
import type { Estimate } from '../metrics/estimate.ts'
import type { MeasuredRows } from '../tasks/task.ts'
import { copyParameters } from './copy-parameters.ts'
import type { SessionOptions } from './session.ts'
import type { Trainer } from './trainer.ts'

/** Figures of a model on the whole validation data. */
export interface Figures extends Omit<Measurement, 'tokens' | 'tokensPerSecond'> {
  /** The task's own scores, where it has any. */
  metrics?: Record<string, number>
  /** Of some of them: 95 % confidence intervals. */
  intervals?: Record<string, [low: number, high: number]>
}

export interface Outcome extends Partial<Figures> {
  /** Figures of the weights after the last step, which may differ from the best model's. */
  final?: Partial<Figures>
}

/**
 * Measures the weights of the last step, then those of the model in the folder, which the trainer
 * holds afterwards. `isBest`: both are the same. Without validation data nothing is measured, and
 * the folder has the last model.
 */
export async function measureOutcome(
  { engine, model, files, options, adapter, rows, events }: SessionOptions,
  { parameters }: Trainer,
  { validation, isBest }: { validation: MeasuredRows | undefined; isBest: boolean },
): Promise<Outcome> {
  if (!validation) return {}
  const trained = { ...files, engine, model, weights: { live: parameters }, signal: events.signal }
  const measure = async (): Promise<Partial<Figures>> => {
    const { signal } = events
    if (validation.judge) return judged(await validation.judge({ signal }))
    const measured = await measureTask(trained, { ...rows, ...validation })
    const { tokens, tokensPerSecond, metrics, ...figures } = measured
    return Object.keys(metrics).length > 0 ? { ...figures, metrics } : figures
  }
  const final = await measure()
  if (isBest) return { ...final, final }
  if (adapter) await adapter.read(options.out, parameters)
  else await withModel(options.out, (best) => copyParameters(best, parameters))
  return { ...(await measure()), final }
}

function judged(
  estimates: Readonly<Record<string, Estimate>>,
): Pick<Figures, 'metrics' | 'intervals'> {
  const metrics: Record<string, number> = {}
  const intervals: Record<string, [low: number, high: number]> = {}
  for (const [name, { value, low, high }] of Object.entries(estimates)) {
    metrics[name] = value
    if (low !== undefined && high !== undefined) intervals[name] = [low, high]
  }
  return { metrics, intervals }
}
