import { Decoder } from '../../models/decoder.ts'
import { Encoder } from '../../models/encoder.ts'
import type { Model } from '../../models/model.ts'

/** A model that reads whole texts. Throws where it is none. */
export function readerOf(model: Model): Encoder | Decoder {
  if (model instanceof Encoder || model instanceof Decoder) return model
  throw new TypeError(`an ${model.config.kind} has no head for whole texts`)
}
