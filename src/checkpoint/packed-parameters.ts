import { ReplacedError } from '../errors.ts'
import { sizeOf } from '../graph/index.ts'
import type { StoredElements, WeightData } from '../graph/onnx/model.ts'
import type { Model } from '../models/model.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { expectWeights } from '../runtime/memory.ts'
import type { ModelFolder } from './model-folder.ts'

/** Parameters as an engine packs them into a program. */
export interface PackedParameters {
  packed: Record<string, WeightData>
  /** Tensors that the model has no place for. */
  unusedTensors: string[]
  /** Frees the memory, once the programs are compiled. */
  free(): void
}

/** As often may a training replace its best model while that is loaded. */
const TRIES = 10

/**
 * What `use` makes of the parameters of a folder's model, which are freed afterwards. They are read
 * anew where the file was replaced before all of it was read.
 */
export async function usePackedParameters<T>(
  engine: Engine,
  model: Model,
  files: Pick<ModelFolder, 'fill'>,
  options: { inMemory?: boolean },
  use: (parameters: Omit<PackedParameters, 'free'>) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const { free, ...parameters } = await packParameters(engine, model, files, options)
    try {
      return await use(parameters)
    } catch (error) {
      if (!(error instanceof ReplacedError) || tries === TRIES) throw error
    } finally {
      free()
    }
  }
}

/**
 * The parameters of a folder's model. Floats that lie in a file stay there, where the engine can
 * read it;
 * `inMemory`: nothing does. Throws UserError where they need more memory than there is.
 */
export async function packParameters(
  engine: Engine,
  model: Model,
  { fill }: Pick<ModelFolder, 'fill'>,
  { inMemory = false }: { inMemory?: boolean } = {},
): Promise<PackedParameters> {
  expectWeights(model)
  const shapes = model.parameters()
  const tensors: DeviceTensor[] = []
  const packed: Record<string, WeightData> = {}
  const allocate = (shape: readonly number[]): Float32Array => {
    if (!engine.hostMemory) return new Float32Array(sizeOf(shape))
    const tensor = engine.tensor('float32', shape)
    tensors.push(tensor)
    return tensor.data as Float32Array
  }
  const free = () => {
    for (const tensor of tensors) tensor.dispose()
  }
  const memory = (name: string) => {
    packed[name] ??= allocate(shapes.get(name)?.shape ?? [])
    return packed[name] as Float32Array
  }
  try {
    let folder: string | undefined
    const take = (name: string, place: StoredElements) => {
      folder ??= place.folder
      // A program's weights lie in one folder; shards may be links to several.
      if (place.folder !== folder) return false
      packed[name] = place
      return true
    }
    const unusedTensors = await fill(memory, engine.readsFiles && !inMemory ? { take } : {})
    return { packed, unusedTensors, free }
  } catch (error) {
    free()
    throw error
  }
}
