import type { StoredElements } from '../graph/onnx/model.ts'
import type { ModelConfig } from '../models/model.ts'
import { tell } from '../notice.ts'
import { refuseNonFinite } from '../runtime/non-finite.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/**
 * A model in its files, whatever their format: what they say of it, and its weights, which stay
 * there until they are read, one at a time. To be closed.
 */
export interface OpenModel<C extends ModelConfig = ModelConfig> extends LeftAside {
  /** Of its folder or file. */
  path: string
  /** The format's name of the model's architecture. */
  architecture: string
  config: C
  tokenizer: Tokenizer
  chatTemplate: string | undefined
  /** Defaults of generation, by the names of generation_config.json. */
  generation: Readonly<Record<string, unknown>>
  /** Prompts begin with the tokenizer's BOS. */
  addBos: boolean
  /** Types and bytes of the tensors in the files. */
  stored: readonly { dtype: string; length: number }[]
  /**
   * A parameter by our name, into `out` if given; else into memory that is the caller's to keep
   * and change. Throws UserError where the files lack it.
   */
  read(name: string, out?: Float32Array): Promise<Float32Array>
  /** Where a parameter's floats lie in a file, if they do. Throws UserError as `read` does. */
  locate(name: string): Promise<StoredElements | undefined>
  close(): Promise<void>
}

/** The same, whose `read` throws UserError where a parameter holds NaN or an infinity. */
export const withFiniteWeights = (model: OpenModel): OpenModel => ({
  ...model,
  read: async (name, out) =>
    refuseNonFinite(`${name} of ${model.path}`, await model.read(name, out)),
})

/** What a model's source says that is not used here; it may change what is computed. */
export interface LeftAside {
  /** Fields of config.json, or keys of a GGUF file, that are not known here. */
  unknownFields: readonly string[]
  /** Settings of generation_config.json that are not supported. */
  unusedSettings: readonly string[]
  /** Tensors that the model does not use. */
  unusedTensors: readonly string[]
}

/** Names that are shown of each kind. */
const SHOWN = 5

/** Tells in one line what is left aside of the model in `path`, if there is anything. */
export function tellLeftAside(
  path: string,
  { unknownFields, unusedSettings, unusedTensors }: LeftAside,
): void {
  const groups = [
    ['', unknownFields],
    ['generation settings ', unusedSettings],
    ['tensors ', unusedTensors],
  ] as const
  const parts = groups.flatMap(([what, names]) =>
    names.length > 0 ? [`${what}${shown(names)}`] : [],
  )
  if (parts.length > 0) tell(`${path}: not known here, and not used: ${parts.join('; ')}`)
}

function shown(names: readonly string[]): string {
  const more = names.length - SHOWN
  const list = names.slice(0, SHOWN).join(', ')
  return more > 0 ? `${list} and ${more} more` : list
}
