import { createHash } from 'node:crypto'
import type { OpenModel } from '../formats/open-model.ts'
import type { WeightData } from '../graph/onnx/model.ts'
import type { Model } from '../models/model.ts'
import type { Module } from '../nn/index.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { expectWeights } from '../runtime/memory.ts'
import { refuseNonFinite } from '../runtime/non-finite.ts'

/**
 * All parameters of a model in memory, to be trained, merged or written elsewhere. Throws UserError
 * where a tensor holds NaN or an infinity.
 */
export async function readParameters(
  { read, path }: OpenModel,
  model: Model,
): Promise<Record<string, Float32Array>> {
  const memory: Record<string, Float32Array> = {}
  for (const name of model.parameters().keys())
    memory[name] = refuseNonFinite(`${name} of ${path}`, await read(name))
  return memory
}

/** The parameters of a model in the engine's memory, by name. */
export async function loadParameters(
  engine: Engine,
  model: Module,
  { read }: Pick<OpenModel, 'read'>,
): Promise<Record<string, DeviceTensor>> {
  expectWeights(model)
  const tensors: Record<string, DeviceTensor> = {}
  try {
    for (const [name, { shape }] of model.parameters())
      tensors[name] = engine.tensor('float32', shape)
    for (const [name, tensor] of Object.entries(tensors))
      if (tensor.data) await read(name, tensor.data as Float32Array)
      else tensor.write(await read(name))
    return tensors
  } catch (error) {
    for (const tensor of Object.values(tensors)) tensor.dispose()
    throw error
  }
}

/**
 * SHA-256 of all weights of a model in `path`, so that a run does not resume on another. Throws
 * UserError where one holds NaN or an infinity.
 */
export async function hashParameters(
  path: string,
  parameters: Readonly<Record<string, Pick<DeviceTensor, 'read'>>>,
): Promise<string> {
  const hash = createHash('sha256')
  for (const [name, tensor] of Object.entries(parameters)) {
    const values = (await tensor.read()) as Float32Array
    const { buffer, byteOffset, byteLength } = refuseNonFinite(`${name} of ${path}`, values)
    hash.update(name).update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  return hash.digest('hex')
}

/** Parameters as an engine packs them into a program. */
export interface PackedParameters {
  packed: Record<string, WeightData>
  /** Frees the memory, once the programs are compiled. */
  free(): void
}

/**
 * The parameters of a model, for an engine to pack. Floats that lie in a file stay there, where the
 * engine can read it; `inMemory`: nothing does. Throws UserError where they need more memory than
 * there is.
 */
export async function packParameters(
  engine: Engine,
  model: Model,
  { read, locate }: Pick<OpenModel, 'read' | 'locate'>,
  { inMemory = false }: { inMemory?: boolean } = {},
): Promise<PackedParameters> {
  expectWeights(model)
  const tensors: DeviceTensor[] = []
  const free = () => {
    for (const tensor of tensors) tensor.dispose()
  }
  const allocate = (shape: readonly number[]): Float32Array | undefined => {
    if (!engine.hostMemory) return undefined
    const tensor = engine.tensor('float32', shape)
    tensors.push(tensor)
    return tensor.data as Float32Array
  }
  const packed: Record<string, WeightData> = {}
  let folder: string | undefined
  try {
    for (const [name, { shape }] of model.parameters()) {
      const stored = engine.readsFiles && !inMemory ? await locate(name) : undefined
      folder ??= stored?.folder
      // A program's weights lie in one folder; shards may be links to several.
      const isThere = stored && stored.folder === folder
      packed[name] = isThere ? stored : await read(name, allocate(shape))
    }
    return { packed, free }
  } catch (error) {
    free()
    throw error
  }
}
