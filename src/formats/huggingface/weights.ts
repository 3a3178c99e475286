import { UserError } from '../../errors.ts'
import type { NamedTensors } from '../../files/named-tensors.ts'
import type { StoredElements } from '../../graph/onnx/model.ts'
import type { Model } from '../../models/model.ts'
import type { TensorToWrite } from '../safetensors/safetensors.ts'
import {
  type MappedTensor,
  mapTensors,
  type ReadParameter,
  storedParameters,
  storedValues,
} from '../tensor-map.ts'
import type { Architecture } from './architecture.ts'

/** The tensors of an architecture's files, and the model's parameters in them. */
export function tensorsOf(architecture: Architecture, model: Model): MappedTensor[] {
  const { config } = model
  const renames = architecture.renames('head' in config ? config.head?.task : undefined, config)
  const own = () => [...model.parameters().keys()].map((name) => ({ file: name, ours: [name] }))
  const { mapped, unmapped } = mapTensors(renames.length > 0 ? renames : own(), model)
  if (unmapped.length === 0) return mapped
  throw new Error(`${architecture.modelType} has no name for ${unmapped.join(', ')}`)
}

/** The tensors of an architecture's file, made from the parameters one at a time. */
export const exportTensors = (
  architecture: Architecture,
  model: Model,
  read: ReadParameter,
): TensorToWrite[] =>
  tensorsOf(architecture, model).map((tensor) => ({
    name: tensor.name,
    dtype: 'F32',
    shape: tensor.shape,
    data: () => storedValues(tensor, read),
  }))

/**
 * Parameters in an architecture's file. `read` and `locate` throw UserError with the tensor that is
 * missing, has another shape, or contradicts the configuration.
 */
export interface ImportedParameters {
  /** True where the file has the parameter's tensor. */
  has(name: string): boolean
  read(name: string, out?: Float32Array): Promise<Float32Array>
  locate(name: string): Promise<StoredElements | undefined>
  /** Throws UserError where the file has a copy of the parameter that differs from these values. */
  checkCopies(name: string, values: Float32Array): Promise<void>
  /** Tensors that the model does not use, such as those of another head; no copies or buffers. */
  unused: readonly string[]
}

/**
 * The parameters in an architecture's file. Throws UserError with a tensor that the model does not
 * use although it belongs to a layer of it, which would compute otherwise with it.
 */
export function importParameters(
  architecture: Architecture,
  model: Model,
  file: NamedTensors,
): ImportedParameters {
  const { prefix } = architecture
  const mapped = tensorsOf(architecture, model)
  const { unused, copies } = unusedIn(architecture, model, file, mapped)
  const stored = storedParameters(mapped, model, file, (tensor) => findTensor(file, tensor, prefix))
  const there = new Set(
    mapped.filter(({ name }) => nameIn(file, name, prefix)).flatMap(({ parameters }) => parameters),
  )
  const checkCopies = async (name: string, values: Float32Array): Promise<void> => {
    for (const copy of copies.get(name) ?? []) {
      const other = await file.readFloat32(copy)
      if (other.length !== values.length || other.some((x, i) => x !== values[i]))
        throw new UserError(
          `${copy} differs from the embedding, but config.json says that they are one ` +
            '(tie_word_embeddings); correct it there',
        )
    }
    copies.delete(name)
  }
  return {
    unused,
    checkCopies,
    has: (name) => there.has(name),
    read: async (name, out) => {
      const values = await stored.read(name, out)
      await checkCopies(name, values)
      return values
    },
    locate: async (name) => {
      const found = stored.locate(name)
      if (found && copies.has(name)) await checkCopies(name, await stored.read(name))
      return found
    },
  }
}

/** Reads every parameter into the memory for it. Throws UserError as `importParameters` does. */
export async function importTensors(
  architecture: Architecture,
  model: Model,
  file: NamedTensors,
  memory: (name: string) => Float32Array,
): Promise<void> {
  const { read } = importParameters(architecture, model, file)
  for (const name of model.parameters().keys()) await read(name, memory(name))
}

type Names = Pick<NamedTensors, 'tensors'>

/** Tensors that hold no parameter: unused ones, and copies by the parameter that they repeat. */
export function unusedIn(
  architecture: Architecture,
  model: Model,
  file: Names,
  mapped = tensorsOf(architecture, model),
): { unused: string[]; copies: Map<string, string[]> } {
  const names = mapped.map(({ name }) => nameIn(file, name, architecture.prefix))
  const used = new Set(names.filter((name) => name !== undefined))
  const layers = new Set([...used].map(layerOf))
  const unused: string[] = []
  const copies = new Map<string, string[]>()
  for (const name of file.tensors.keys()) {
    if (used.has(name) || BUFFERS.some((buffer) => buffer.test(name))) continue
    const original = originalOf(name, model)
    if (original) copies.set(original, [...(copies.get(original) ?? []), name])
    else unused.push(name)
  }
  const own = unused.find((name) => layers.has(layerOf(name)))
  if (own === undefined) return { unused, copies }
  throw new UserError(
    `the weights have ${own}, which config.json (${architecture.modelType}) does not mention; ` +
      'the layer would compute something else without it. Correct config.json, or use weights ' +
      'that go with it',
  )
}

const layerOf = (name: string): string => name.slice(0, name.lastIndexOf('.'))

/** The name of a tensor in a file. Throws UserError where it is missing, or has another shape. */
function findTensor(file: Names, { name, shape }: MappedTensor, prefix?: string): string {
  const found = nameIn(file, name, prefix)
  if (!found) throw new UserError(`the weights have no tensor named ${name} (${shape})`)
  const given = file.tensors.get(found)?.shape ?? []
  if (given.join() === shape.join()) return found
  throw new UserError(`${found} has the shape (${given}); the configuration asks for (${shape})`)
}

/**
 * Files of a body alone leave out what names begin with, and others may add it; the oldest of BERT
 * call the parts of a norm gamma and beta.
 */
function nameIn({ tensors }: Names, name: string, prefix = ''): string | undefined {
  const old = name.replace(/LayerNorm\.(weight|bias)$/, (_, part) =>
    part === 'weight' ? 'LayerNorm.gamma' : 'LayerNorm.beta',
  )
  const bare = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)
  const spellings = [name, bare(name), `model.${name}`, old, bare(old)]
  return spellings.find((spelling) => tensors.has(spelling))
}

/** What is computed rather than learned, and that old files carry. */
const BUFFERS = [
  /\.attn\.(masked_)?bias$/,
  /\.(position|token_type)_ids$/,
  /\.rotary_emb\.(inv_freq|(cos|sin)_cached)$/,
  /\.EncDecAttention\.relative_attention_bias\.weight$/,
]

/** Names under which files repeat an embedding that serves as the output too, and its bias. */
const OUTPUTS =
  /^(lm_head|cls\.predictions\.decoder|lm_head\.decoder|decoder|vocab_projector)\.weight$/
const BIASES = /^(cls\.predictions|lm_head)\.decoder\.bias$/
/** Names under which they repeat an embedding that two stacks share. */
const INPUTS = /^(encoder|decoder)\.embed_tokens\.weight$/

/** The parameter that a tensor of such a name repeats, if the model has it. */
function originalOf(name: string, model: Model): string | undefined {
  const task = 'head' in model.config ? model.config.head?.task : undefined
  // A model with another head has no output for tokens, and one in its file is unused.
  const repeats = INPUTS.test(name) || (OUTPUTS.test(name) && (!task || task === 'mlm'))
  const embeddings = ['model.embed_tokens.weight', 'model.shared.weight']
  const originals = BIASES.test(name) ? ['head.bias'] : repeats ? embeddings : []
  return originals.find((original) => model.parameters().has(original))
}
