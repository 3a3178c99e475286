import { withModel } from '../checkpoint/open-model.ts'
import { measureModel } from '../evaluate/measure-model.ts'
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
  if (adapter) await adapter.read(options.out, trainer.values)
  else await withModel(options.out, (best) => copyParameters(best, trainer.values))
  return { ...(await measureAll(session, trainer, validation)), final }
}

async function measureAll(
  {
    engine,
    evaluationObjective: objective,
    wholeBatch,
    measure,
    events: { signal },
  }: SessionOptions,
  { parameters }: Trainer,
  validation: NonNullable<SessionOptions['validation']>,
): Promise<Figures> {
  const parts = { engine, objective, parameters, wholeBatch }
  const { tokens, tokensPerSecond, ...figures } = await measureModel(parts, validation, { signal })
  // Perplexity and bits are of texts.
  return measure ? { loss: figures.loss, metrics: await measure(parameters, signal) } : figures
}
