import type { AnyBatch } from '../data/batch.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { findNonFiniteIn, nonFiniteError } from '../runtime/non-finite.ts'
import { LossMeter } from './loss-meter.ts'

export interface Measurement {
  /** Mean loss of a target, in nats where it is a cross-entropy. */
  loss: number
  /** exp(loss): as uncertain as an even choice among so many tokens. */
  perplexity: number
  /** Bits to encode a byte of the text, which compares models whatever their tokenizers. */
  bitsPerByte: number
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
  wholeBatch?: boolean
}

export interface MeasuredData {
  /** All of it, from the start each time. */
  batches(): Iterable<AnyBatch>
  /** Of the text that the targets stand for. */
  bytes: number
  /** Whole documents, one a row. */
  documents?: number
}

/**
 * Measures a model on the whole of the data, every target once. Throws UserError, which names the
 * weight at fault, where the loss is not finite.
 */
export async function measureModel(
  { engine, objective, parameters, wholeBatch }: Measured,
  { batches, bytes, documents }: MeasuredData,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Measurement> {
  const [first] = batches()
  if (!first) throw new RangeError('there is nothing to measure on')
  const meter = await LossMeter.create(engine, objective, parameters, first, { wholeBatch })
  try {
    const started = performance.now()
    const { total, count } = await meter.measure(batches(), { signal })
    if (!Number.isFinite(total))
      throw await nonFiniteError('losses', () => findNonFiniteIn(parameters))
    const loss = total / count
    return {
      loss,
      perplexity: Math.exp(loss),
      bitsPerByte: total / Math.LN2 / bytes,
      ...(documents && { lossPerDocument: total / documents }),
      tokens: count,
      tokensPerSecond: (1000 * count) / (performance.now() - started),
    }
  } finally {
    meter.dispose()
  }
}
