import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { findNonFiniteIn, nonFiniteError } from '../runtime/non-finite.ts'
import type { Evaluation, MeasuredRows, Scores, Trained } from '../tasks/task.ts'
import { LossMeter } from './loss-meter.ts'

export interface Measurement {
  /** Mean loss of a target, in nats where it is a cross-entropy. */
  loss: number
  /** exp(loss): as uncertain as an even choice among so many tokens. Of texts only. */
  perplexity?: number
  /**
   * Bits to encode a byte of the text, which compares models whatever their tokenizers. Of texts
   * only.
   */
  bitsPerByte?: number
  /** Mean loss of a whole document: minus the logarithm of its probability, in nats. */
  lossPerDocument?: number
  /** Targets measured, and how many of them a second. */
  tokens: number
  tokensPerSecond: number
}

export interface Measured {
  engine: Engine
  objective: ObjectiveBuilder
  /** The model's, by name. */
  parameters: Readonly<Record<string, DeviceTensor>>
  wholeBatch?: boolean | undefined
}

/**
 * Measures a model's loss on all rows, every target once. Throws UserError, which names the weight
 * at fault, where the loss is not finite.
 */
export async function measureModel(
  { engine, objective, parameters, wholeBatch }: Measured,
  { batches, bytes, documents }: MeasuredRows,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Measurement> {
  const [first] = batches()
  if (!first) throw new RangeError('there is nothing to measure on')
  const meter = await LossMeter.create(engine, objective, parameters, first, { wholeBatch })
  try {
    const started = performance.now()
    const { loss: total, count } = await meter.measure(batches(), { signal })
    if (!Number.isFinite(total))
      throw await nonFiniteError('losses', () => findNonFiniteIn(parameters))
    const loss = total / count
    return {
      loss,
      ...(bytes !== undefined && {
        perplexity: Math.exp(loss),
        bitsPerByte: total / Math.LN2 / bytes,
      }),
      ...(documents !== undefined && { lossPerDocument: total / documents }),
      tokens: count,
      tokensPerSecond: (1000 * count) / (performance.now() - started),
    }
  } finally {
    meter.dispose()
  }
}

/** A model's loss and its scores at a task. Throws UserError as `measureModel` does. */
export async function measureTask(
  trained: Trained,
  rows: Pick<Evaluation, 'evaluationObjective' | 'wholeBatch'> & MeasuredRows,
): Promise<Measurement & { metrics: Scores }> {
  const { engine, weights, signal } = trained
  const { evaluationObjective: objective, wholeBatch } = rows
  const parts = { engine, parameters: weights.live, objective, wholeBatch }
  const measured = await measureModel(parts, rows, { signal })
  return { ...measured, metrics: (await rows.score?.(trained)) ?? {} }
}
