import type { OpenModel } from '../formats/open-model.ts'
import type { AdapterFolder } from '../formats/peft/adapter-folder.ts'
import type { Model } from '../models/model.ts'
import type { ReadAgain, Weights } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import { findNonFiniteWeights } from './find-non-finite.ts'
import { type PackedParameters, packParameters } from './load-parameters.ts'
import { withModel } from './open-model.ts'
import { withAdapters } from './with-adapters.ts'

type Packed = PackedParameters['packed']

export interface PackedWeightsOptions {
  /** Those that `files` has in the place of its own tensors. */
  adapters?: readonly AdapterFolder[]
  /** See `packParameters`. */
  inMemory?: boolean
}

/**
 * What `use` makes of a model's packed weights, which are freed afterwards; programs that are
 * compiled later read them once more.
 */
export function usePackedWeights<T>(
  engine: Engine,
  model: Model,
  files: OpenModel,
  { adapters = [], inMemory }: PackedWeightsOptions,
  use: (weights: Weights) => Promise<T>,
): Promise<T> {
  const { path } = files
  const readFrom = async <R>(opened: OpenModel, use: (packed: Packed) => Promise<R>) => {
    const { packed, free } = await packParameters(engine, model, opened, { inMemory })
    return use(packed).finally(free)
  }
  const again: ReadAgain = (use) =>
    withModel(path, (opened) => readFrom(withAdapters(opened, adapters), use), { isQuiet: true })
  const findNonFinite = () => findNonFiniteWeights(path, adapters)
  return readFrom(files, (packed) => use({ packed, findNonFinite, again }))
}
