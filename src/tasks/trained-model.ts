import { LanguageModel } from '../generate/language-model.ts'
import { Decoder } from '../models/decoder.ts'
import { Encoder } from '../models/encoder.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { Model, WritingModel } from '../models/model.ts'
import { TextModel } from '../predict/text-model.ts'
import type { Trained } from './task.ts'

/** Asks a model about whole texts, with its weights as they stand. */
export const asReader = <T>(
  trained: Trained,
  ask: (model: TextModel, options: { signal?: AbortSignal | undefined }) => Promise<T>,
): Promise<T> =>
  using(TextModel.create({ ...trained, model: readerOf(trained.model) }), (model) =>
    ask(model, { signal: trained.signal }),
  )

/** Lets a model write, with its weights as they stand. */
export const asWriter = <T>(
  { chatTemplate: _, ...trained }: Trained,
  write: (model: LanguageModel) => Promise<T>,
): Promise<T> => using(LanguageModel.create({ ...trained, model: writerOf(trained.model) }), write)

async function using<M extends { dispose(): Promise<void> | void }, T>(
  made: Promise<M>,
  use: (model: M) => Promise<T>,
): Promise<T> {
  const model = await made
  try {
    return await use(model)
  } finally {
    await model.dispose()
  }
}

/** A model that reads whole texts. Throws where it is none. */
export function readerOf(model: Model): Encoder | Decoder {
  if (model instanceof Encoder || model instanceof Decoder) return model
  throw new TypeError(`an ${model.config.kind} has no head for whole texts`)
}

/** A model that writes. Throws where it is none. */
export function writerOf(model: Model): WritingModel {
  if (model instanceof Decoder || model instanceof EncoderDecoder) return model
  throw new TypeError(`an ${model.config.kind} does not write`)
}
