import { withModel } from '../checkpoint/open-model.ts'
import { measureModel } from '../evaluate/measure-model.ts'
import type { MeasuredRows } from '../tasks/task.ts'
import { copyParameters } from './copy-parameters.ts'
import type { SessionOptions } from './session.ts'
import type { Trainer } from './trainer.ts'

/** What the whole validation data says of a model. */
export interface Figures {
  loss: number
  /** Of texts only. */
  perplexity?: number
  bitsPerByte?: number
  /** Where documents are whole: mean loss of one, minus the logarithm of its probability. */
  lossPerDocument?: number
  /** Other measures, by name. */
  metrics?: Record<string, number>
}

export interface Outcome extends Partial<Figures> {
  /** Figures of the weights after the last step, which may differ from the best model's. */
  final?: Figures
}

/**
 * Measures the weights of the last step, then those of the model in the folder, which
 * the trainer holds afterwards. `isBest`: both are the same. Without validation data there is
 * nothing to measure, and the last model is the one in the folder.
 */
export async function measureOutcome(
  session: SessionOptions,
  trainer: Trainer,
  { isBest }: { isBest: boolean },
): Promise<Outcome> {
  const { validation, options, adapter } = session
  if (!validation) return {}
  const final = await measureAll(session, trainer, validation)
  if (isBest) return { ...final, final }
  if (adapter) await adapter.read(options.out, trainer.parameters)
  else await withModel(options.out, (best) => copyParameters(best, trainer.parameters))
  return { ...(await measureAll(session, trainer, validation)), final }
}

async function measureAll(
  session: SessionOptions,
  { parameters }: Trainer,
  rows: MeasuredRows,
): Promise<Figures> {
  const { engine, model, files, evaluationObjective: objective, wholeBatch } = session
  const { signal } = session.events
  const parts = { engine, objective, parameters, wholeBatch }
  const { tokens, tokensPerSecond, ...figures } = await measureModel(parts, rows, { signal })
  const metrics = await rows.score?.({
    ...files,
    engine,
    model,
    weights: { live: parameters },
    signal,
  })
  return metrics ? { ...figures, metrics } : figures
}
