import { UserError } from '../../errors.ts'
import { openFile } from '../../files/node-file.ts'
import { sizeOf } from '../../graph/index.ts'
import { createModel, type ModelConfig, stacksOf } from '../../models/model.ts'
import { loadTokenizer } from '../../text/load.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { fitTokenizer } from '../fit-tokenizer.ts'
import { checkRanges, checkSizes } from '../huggingface/config.ts'
import { beginsWithToken } from '../huggingface/open.ts'
import type { OpenModel } from '../open-model.ts'
import { type MappedTensor, type StoredParameters, storedParameters } from '../tensor-map.ts'
import { named, readTokenizerAt } from '../tokenizer-folder.ts'
import { GgufFieldReader } from './architectures/fields.ts'
import { ARCHITECTURE, ggufArchitectureIn, ggufTensors } from './architectures/index.ts'
import { ROPE_FACTORS, withRopeFactors } from './architectures/rope.ts'
import { quote } from './bytes.ts'
import { type Gguf, openGguf } from './gguf.ts'
import type { GgufMetadata } from './metadata.ts'
import { readChatTemplate, readGgufTokenizer } from './vocabulary/read.ts'
import { END_KEYS } from './vocabulary/tokens.ts'

/**
 * Opens a GGUF file. `tokenizer`: a file or folder in place of the vocabulary that it holds. Throws
 * UserError with the key or tensor at fault.
 */
export async function openGgufModel(path: string, tokenizer?: string): Promise<OpenModel> {
  const gguf = await openGguf(await openFile(path), path)
  try {
    return await named(path, () => read(gguf, path, tokenizer))
  } catch (error) {
    await gguf.close()
    throw error
  }
}

async function read(gguf: Gguf, path: string, other: string | undefined): Promise<OpenModel> {
  const { metadata } = gguf
  const { architecture, config, unknown, ...parameters } = await readGgufModel(gguf)
  const { tokenizer, unused } = other
    ? fitTokenizer(other, (await readTokenizerAt(other)).tokenizer, config)
    : fitTokenizer('the vocabulary', ownTokenizer(metadata), config, { pads: true })
  return {
    path,
    architecture,
    config,
    tokenizer,
    chatTemplate: readChatTemplate(metadata),
    generation: readEnds(metadata, tokenizer),
    addBos: beginsWithToken(tokenizer),
    unknownFields: [...unknown, ...unused],
    unusedSettings: [...metadata.keys()].filter((key) => key.startsWith('general.sampling.')),
    unusedTensors: [],
    stored: Array.from(gguf.tensors.values(), ({ type, length }) => ({ dtype: type, length })),
    read: parameters.read,
    locate: async (name) => parameters.locate(name),
    close: gguf.close,
  }
}

function ownTokenizer(metadata: GgufMetadata): Tokenizer {
  const { json, config } = readGgufTokenizer(metadata)
  return loadTokenizer(json, config)
}

/** Turns and messages may end with tokens of their own. */
function readEnds(metadata: GgufMetadata, { eosId }: Tokenizer): OpenModel['generation'] {
  const others = END_KEYS.filter((key) => metadata.has(key)).map((key) => metadata.number(key))
  const all = new Set([...(eosId === undefined ? [] : [eosId]), ...others])
  return others.every((id) => id === eosId) ? {} : { eos_token_id: [...all] }
}

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
      `${shown}${left.length > 3 ? ` and ${left.length - 3} others` : ''}: this model has no ` +
        `place for such tensors; its "${ARCHITECTURE}" is another kind of model, or newer`,
    )
  }
}
