import { tell } from '../notice.ts'

/** What a model's source says that is not used here; it may change what is computed. */
export interface LeftAside {
  /** Fields of config.json, or keys of a GGUF file, that are not known here. */
  unknownFields: readonly string[]
  /** Settings of generation_config.json that are not supported. */
  unusedSettings: readonly string[]
  /** Tensors that the model has no place for. */
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
