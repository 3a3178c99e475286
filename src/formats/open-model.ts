import type { ModelConfig } from '../models/model.ts'
import { refuseNonFinite } from '../runtime/non-finite.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { LeftAside } from './left-aside.ts'

/** A model wherever it lies, its weights read one at a time. */
export interface OpenModel extends LeftAside {
  /** The format's name of the model's architecture. */
  architecture: string
  config: ModelConfig
  tokenizer: Tokenizer
  chatTemplate: string | undefined
  /** Defaults of generation, by the names of generation_config.json. */
  generation: Readonly<Record<string, unknown>>
  /** Texts begin with BOS. */
  addBos: boolean
  /** A parameter by our name. Throws UserError where the source lacks it. */
  read(name: string): Promise<Float32Array>
  close(): Promise<void>
}

/** The same, whose `read` throws UserError where a parameter holds NaN or an infinity. */
export const withFiniteWeights = (model: OpenModel): OpenModel => ({
  ...model,
  read: async (name) => refuseNonFinite(name, await model.read(name)),
})
