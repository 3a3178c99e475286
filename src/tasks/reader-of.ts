import { Decoder } from '../models/decoder.ts'
import { Encoder } from '../models/encoder.ts'
import type { Model } from '../models/model.ts'
import { TextModel } from '../predict/text-model.ts'
import type { Trained } from './task.ts'

/** Asks a model in training about whole texts. */
export async function asking<T>(
  trained: Trained,
  ask: (model: TextModel, options: { signal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  const model = await TextModel.create({ ...trained, model: readerOf(trained.model) })
  try {
    return await ask(model, { signal: trained.signal })
  } finally {
    await model.dispose()
  }
}

/** A model that reads whole texts. Throws where it is none. */
export function readerOf(model: Model): Encoder | Decoder {
  if (model instanceof Encoder || model instanceof Decoder) return model
  throw new TypeError(`an ${model.config.kind} has no head for whole texts`)
}
