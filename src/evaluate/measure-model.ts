import type { Batch } from '../data/batch.ts'
import type { Decoder } from '../models/decoder.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { LossMeter } from './language-model.ts'

export interface Measurement {
  /** Mean cross-entropy of a token, in nats. */
  loss: number
  /** exp(loss): as uncertain as an even choice among so many tokens. */
  perplexity: number
  /** Bits to encode a byte of the text, which compares models whatever their tokenizers. */
  bitsPerByte: number
  /** Tokens measured, and how many of them a second. */
  tokens: number
  tokensPerSecond: number
}

/** Measures a model on the whole of `batches`, every target once; `bytes` is their text's size. */
export async function measureModel(
  model: { engine: Engine; decoder: Decoder; parameters: Readonly<Record<string, DeviceTensor>> },
  { batches, bytes }: { batches(): Iterable<Batch>; bytes: number },
  { signal }: { signal?: AbortSignal } = {},
): Promise<Measurement> {
  const [first] = batches()
  const { engine, decoder, parameters } = model
  const meter = await LossMeter.create(engine, decoder, parameters, first?.length)
  try {
    const started = performance.now()
    const { total, count } = await meter.measure(batches(), { signal })
    const loss = total / count
    return {
      loss,
      perplexity: Math.exp(loss),
      bitsPerByte: total / Math.LN2 / bytes,
      tokens: count,
      tokensPerSecond: (1000 * count) / (performance.now() - started),
    }
  } finally {
    meter.dispose()
  }
}
