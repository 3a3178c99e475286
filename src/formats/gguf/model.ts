import { UserError } from '../../errors.ts'
import { sizeOf } from '../../graph/index.ts'
import { createModel, type ModelConfig, stacksOf } from '../../models/model.ts'
import { checkRanges, checkSizes } from '../huggingface/config.ts'
import { type MappedTensor, type StoredParameters, storedParameters } from '../tensor-map.ts'
import { GgufFieldReader } from './architectures/fields.ts'
import { ARCHITECTURE, ggufArchitectureIn, ggufTensors } from './architectures/index.ts'
import { ROPE_FACTORS, withRopeFactors } from './architectures/rope.ts'
import type { Gguf } from './gguf.ts'
import { quote } from './quote.ts'

/** The model that a GGUF file holds. */
export interface GgufModel extends StoredParameters {
  /** llama.cpp's name of its architecture. */
  architecture: string
  config: ModelConfig
  /** Keys of the architecture that are not known here. */
  unknown: string[]
}

/**
 * Reads what a file says of its model; the weights stay where they are. Throws UserError with the
 * key or the tensor at fault, also where the file has a tensor that the model does not use.
 */
export async function readGgufModel(gguf: Gguf): Promise<GgufModel> {
  const { metadata, tensors } = gguf
  const architecture = ggufArchitectureIn(metadata)
  const known = new Set<string>()
  const reader = new GgufFieldReader(metadata, architecture.name, known)
  const shapeOf = (name: string) => tensors.get(name)?.shape
  if (!shapeOf('token_embd.weight'))
    throw new UserError('the file has no tensor "token_embd.weight"')
  if (metadata.number('split.count', 1) > 1)
    throw new UserError('the model is in several files; merge them with llama-gguf-split --merge')
  let config = architecture.read(reader, shapeOf)
  for (const { layers } of stacksOf(config))
    if (layers > tensors.size)
      throw new UserError(
        `the metadata asks for ${layers} layers; there are ${tensors.size} tensors`,
      )
  checkSizes(config, 'GGUF')
  const others = new Set(architecture.constants?.(config).map(({ name }) => name))
  if (config.kind === 'decoder' && others.has(ROPE_FACTORS)) {
    config = withRopeFactors(config, await readFactors(gguf, config.headDim))
  }
  checkRanges(config, 'GGUF')
  const model = createModel(config)
  const mapped = ggufTensors(architecture, model)
  checkTensors(mapped, tensors, others)
  return {
    architecture: architecture.name,
    config,
    unknown: [...metadata.keys()].filter(
      (key) => key.startsWith(`${architecture.name}.`) && !known.has(key),
    ),
    ...storedParameters(mapped, model, gguf),
  }
}

async function readFactors(gguf: Gguf, headDim: number): Promise<Float32Array> {
  const size = sizeOf(gguf.tensors.get(ROPE_FACTORS)?.shape ?? [])
  if (size !== headDim / 2)
    throw new UserError(`${ROPE_FACTORS} has ${size} elements; heads are ${headDim} wide`)
  return gguf.readFloat32(ROPE_FACTORS)
}

function checkTensors(
  mapped: readonly MappedTensor[],
  tensors: Gguf['tensors'],
  others: ReadonlySet<string>,
): void {
  for (const { name, shape, times } of mapped) {
    const given = tensors.get(name)?.shape
    // A copy, which older files leave out.
    if (!given && times !== undefined) continue
    if (!given) throw new UserError(`the file has no tensor ${quote(name)} (${shape})`)
    if (given.join() !== shape.join())
      throw new UserError(
        `tensor ${quote(name)} has the shape (${given}); the metadata asks for (${shape})`,
      )
  }
  const names = new Set(mapped.map(({ name }) => name))
  const left = [...tensors.keys()].filter((name) => !names.has(name) && !others.has(name))
  if (left.length > 0) {
    const shown = left.slice(0, 3).map(quote).join(', ')
    throw new UserError(
      `${shown}${left.length > 3 ? ` and ${left.length - 3} others` : ''}: this model has no place for such tensors; its "${ARCHITECTURE}" is another kind of model, or newer`,
    )
  }
}
