import { UserError } from '../../errors.ts'
import { partOf } from '../../files/byte-source.ts'
import type { NamedTensors } from '../../files/named-tensors.ts'
import { sizeOf } from '../../graph/index.ts'
import type { StoredElements } from '../../graph/onnx/model.ts'
import type { Model } from '../../models/model.ts'
import type { TensorToWrite } from '../safetensors/safetensors.ts'
import type { Architecture, Rename } from './architecture.ts'
import { concatenated, transposedMatrix } from './matrices.ts'

/** Renames for a model's own parameters: one for each layer and expert; others are left out. */
export function renamesOf(architecture: Architecture, model: Model): Rename[] {
  const names = new Set(model.parameters().keys())
  const { config } = model
  const patterns = architecture.renames('head' in config ? config.head?.task : undefined, config)
  if (patterns.length === 0) return [...names].map((name) => ({ file: name, ours: [name] }))
  const told = new Set<string>()
  const renames: Rename[] = []
  const add = (rename: Rename): boolean => {
    const there = rename.ours.every((name) => names.has(name))
    // What an architecture has a name of its own for comes first.
    if (there && !rename.ours.some((name) => told.has(name))) {
      renames.push(rename)
      for (const name of rename.ours) told.add(name)
    }
    return there
  }
  const { layers, experts } = largest(names)
  for (const pattern of patterns)
    for (let i = 0; i < (pattern.file.includes('{i}') ? layers : 1); i++)
      for (let e = 0; e < (pattern.file.includes('{e}') ? experts : 1); e++)
        add(numbered(pattern, i, e))
  const untold = [...names].filter((name) => !told.has(name))
  if (untold.length > 0)
    throw new Error(`${architecture.modelType} has no name for ${untold.join(', ')}`)
  return renames
}

/** Layers and experts that names count up to. */
function largest(names: ReadonlySet<string>): { layers: number; experts: number } {
  const count = (pattern: RegExp) =>
    [...names].reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? -1) + 1), 0)
  return { layers: count(/\.layers\.(\d+)\./), experts: count(/\.experts\.(\d+)\./) }
}

function numbered({ file, ours, ...rest }: Rename, i: number, e: number): Rename {
  const at = (name: string) => name.replace('{i}', String(i)).replace('{e}', String(e))
  return { ...rest, file: at(file), ours: ours.map(at) }
}

/** The tensors of an architecture's file, made from the parameters one at a time. */
export function exportTensors(
  architecture: Architecture,
  model: Model,
  values: (name: string) => Float32Array | Promise<Float32Array>,
): TensorToWrite[] {
  const parameters = model.parameters()
  return renamesOf(architecture, model).map(({ file, ours, transposed, plus }) => {
    const shapes = ours.map((name) => parameters.get(name)?.shape ?? [])
    const shape = joinedShape(shapes)
    return {
      name: file,
      dtype: 'F32',
      shape: transposed ? [...shape].reverse() : shape,
      data: async () => {
        const parts = await Promise.all(ours.map(values))
        const joined = parts.length === 1 ? (parts[0] as Float32Array) : concatenated(parts)
        const stored = plus ? joined.map((x) => x - plus) : joined
        return transposed ? transposedMatrix(stored, shape) : stored
      },
    }
  })
}

export interface ImportTensorsOptions {
  /** Parameters that the file lacks are left as they are. */
  partial?: boolean
  /**
   * Is given the places of parameters whose floats lie in the file; those that it takes (true) are
   * not read.
   */
  take?(parameter: string, place: StoredElements): boolean
}

/**
 * Fills the parameters from an architecture's file. Throws UserError with the tensor that is
 * missing, has another shape or contradicts the configuration; returns the tensors of the file that
 * the model has no place for.
 */
export async function importTensors(
  architecture: Architecture,
  model: Model,
  weights: NamedTensors,
  memory: (name: string) => Float32Array,
  { partial = false, take }: ImportTensorsOptions = {},
): Promise<string[]> {
  const parameters = model.parameters()
  const { left, copies } = unusedIn(architecture, model, weights)
  const taken = new Set<string>()
  for (const { file, ours, transposed, plus } of renamesOf(architecture, model)) {
    const shapes = ours.map((n) => parameters.get(n)?.shape ?? [])
    const shape = joinedShape(shapes)
    const expected = transposed ? [...shape].reverse() : shape
    if (partial && !nameIn(weights, file, architecture)) continue
    const name = findTensor(weights, file, architecture, expected)
    const place = take && !plus ? weights.locate?.(name) : undefined
    if (take && place) {
      const places = transposed ? columnsOf(place, expected, shapes) : rowsOf(place, shapes)
      if (ours.every((parameter, i) => take(parameter, places[i] as StoredElements))) {
        for (const parameter of ours) taken.add(parameter)
        continue
      }
    }
    if (ours.length === 1 && !transposed) {
      const values = memory(ours[0] as string)
      await weights.readFloat32(name, values)
      if (plus) for (let i = 0; i < values.length; i++) (values[i] as number) += plus
      continue
    }
    const stored = await weights.readFloat32(name)
    const joined = transposed ? transposedMatrix(stored, expected) : stored
    let offset = 0
    for (const [i, parameter] of ours.entries()) {
      const size = sizeOf(shapes[i] as readonly number[])
      memory(parameter).set(joined.subarray(offset, offset + size))
      offset += size
    }
  }
  const read = parameterReader(architecture, model, weights)
  const valuesOf = async (parameter: string) =>
    taken.has(parameter) ? read(parameter) : memory(parameter)
  await checkCopies(copies, weights, valuesOf)
  return left
}

/**
 * Names of tensors that the model has no place for, such as those of another head; copies and
 * buffers are not among them. Throws UserError with one that belongs to a layer which is used,
 * since the layer would compute otherwise with it.
 */
export const unusedTensors = (
  architecture: Architecture,
  model: Model,
  weights: Pick<NamedTensors, 'tensors'>,
): string[] => unusedIn(architecture, model, weights).left

/** Throws UserError where a copy of a parameter differs, for readers of single parameters. */
export async function refuseOtherCopies(
  architecture: Architecture,
  model: Model,
  weights: NamedTensors,
): Promise<void> {
  const { copies } = unusedIn(architecture, model, weights)
  await checkCopies(copies, weights, parameterReader(architecture, model, weights))
}

/** Tensors that are not read: without a place, or copies (name by name of what they repeat). */
function unusedIn(
  architecture: Architecture,
  model: Model,
  weights: Pick<NamedTensors, 'tensors'>,
): { left: string[]; copies: Map<string, string> } {
  const files = renamesOf(architecture, model).map(({ file }) =>
    nameIn(weights, file, architecture),
  )
  const used = new Set(files.filter((name) => name !== undefined))
  const layers = new Set([...used].map(layerOf))
  const left: string[] = []
  const copies = new Map<string, string>()
  for (const name of weights.tensors.keys()) {
    if (used.has(name) || isBuffer(name)) continue
    const original = originalOf(name, model)
    if (original) copies.set(name, original)
    else left.push(name)
  }
  const own = left.find((name) => layers.has(layerOf(name)))
  if (own !== undefined)
    throw new UserError(
      'the weights have ' +
        `${own}, which config.json (${architecture.modelType}) does not mention; the layer would compute something else without it. Correct config.json, or use weights that go with it`,
    )
  return { left, copies }
}

const layerOf = (name: string): string => name.slice(0, name.lastIndexOf('.'))

/** Matrices that lie one behind the other. */
function rowsOf(place: StoredElements, shapes: readonly (readonly number[])[]): StoredElements[] {
  let from = 0
  return shapes.map((shape) => {
    const part = partOf(place, from)
    from += sizeOf(shape)
    return part
  })
}

/** Matrices that lie transposed, beside each other, in one of the shape `shape`. */
function columnsOf(
  place: StoredElements,
  shape: readonly number[],
  shapes: readonly (readonly number[])[],
): StoredElements[] {
  let from = 0
  return shapes.map(([rows = 0]) => {
    const columns = [from, from + rows] as const
    from += rows
    const part = shapes.length > 1 && { columns }
    return { ...place, layout: { shape, ...part, axes: [1, 0] } }
  })
}

/**
 * Parameters of an architecture's file, one at a time; throws UserError as `importTensors` does.
 */
export function parameterReader(
  architecture: Architecture,
  model: Model,
  weights: NamedTensors,
): (name: string) => Promise<Float32Array> {
  const parameters = model.parameters()
  const renames = renamesOf(architecture, model)
  const placeOf = new Map(renames.flatMap((one) => one.ours.map((name) => [name, one])))
  return async (parameter) => {
    const { file, ours, transposed, plus } = placeOf.get(parameter) as Rename
    const shapes = ours.map((n) => parameters.get(n)?.shape ?? [])
    const shape = joinedShape(shapes)
    const expected = transposed ? [...shape].reverse() : shape
    const stored = await weights.readFloat32(findTensor(weights, file, architecture, expected))
    const joined = transposed ? transposedMatrix(stored, expected) : stored
    const sizes = shapes.map(sizeOf)
    const index = ours.indexOf(parameter)
    const from = sizes.slice(0, index).reduce((a, b) => a + b, 0)
    const values = ours.length === 1 ? joined : joined.slice(from, from + (sizes[index] as number))
    return plus ? values.map((x) => x + plus) : values
  }
}

/** The name of a tensor in a file. Throws UserError where it is missing, or has another shape. */
function findTensor(
  weights: NamedTensors,
  file: string,
  architecture: Architecture,
  expected: readonly number[],
): string {
  const name = nameIn(weights, file, architecture)
  if (!name) throw new UserError(`the weights have no tensor named ${file} (${expected})`)
  const given = weights.tensors.get(name)?.shape ?? []
  if (given.join() === expected.join()) return name
  throw new UserError(`${name} has the shape (${given}); the configuration asks for (${expected})`)
}

/**
 * Files of a body alone leave out what names begin with, and others may add it; the oldest of BERT
 * call the parts of a norm gamma and beta.
 */
function nameIn(
  weights: Pick<NamedTensors, 'tensors'>,
  file: string,
  { prefix = '' }: Architecture,
): string | undefined {
  const old = file.replace(/LayerNorm\.(weight|bias)$/, (_, part) =>
    part === 'weight' ? 'LayerNorm.gamma' : 'LayerNorm.beta',
  )
  const bare = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)
  const spellings = [file, bare(file), `model.${file}`, old, bare(old)]
  return spellings.find((name) => weights.tensors.has(name))
}

/** What is computed rather than learned, and that old files carry. */
const isBuffer = (name: string): boolean =>
  /(\.attn\.(masked_)?bias|\.(position|token_type)_ids|\.rotary_emb\.(inv_freq|(cos|sin)_cached)|\.EncDecAttention\.relative_attention_bias\.weight)$/.test(
    name,
  )

/** Names under which files repeat an embedding that serves as the output too, and its bias. */
const OUTPUTS =
  /^(lm_head|cls\.predictions\.decoder|lm_head\.decoder|decoder|vocab_projector)\.weight$/
const BIASES = /^(cls\.predictions|lm_head)\.decoder\.bias$/
/** Names under which they repeat an embedding that two stacks share. */
const INPUTS = /^(encoder|decoder)\.embed_tokens\.weight$/

/** The parameter that a tensor of such a name repeats, if the model has it. */
function originalOf(name: string, model: Model): string | undefined {
  const task = 'head' in model.config ? model.config.head?.task : undefined
  // A model with another head has no output for tokens, and one in its file is left over.
  const repeats = INPUTS.test(name) || (OUTPUTS.test(name) && (!task || task === 'mlm'))
  const embeddings = ['model.embed_tokens.weight', 'model.shared.weight']
  const originals = BIASES.test(name) ? ['head.bias'] : repeats ? embeddings : []
  return originals.find((original) => model.parameters().has(original))
}

/** Throws UserError where a copy of what was read is none: it contradicts the configuration. */
async function checkCopies(
  copies: ReadonlyMap<string, string>,
  weights: NamedTensors,
  valuesOf: (parameter: string) => Promise<Float32Array>,
): Promise<void> {
  for (const [name, original] of copies) {
    const values = await weights.readFloat32(name)
    const same = await valuesOf(original)
    if (values.length !== same.length || values.some((x, i) => x !== same[i]))
      throw new UserError(
        `${name} differs from the embedding, but config.json says that they are one (tie_word_embeddings); correct it there`,
      )
  }
}

const joinedShape = (shapes: readonly (readonly number[])[]): readonly number[] => {
  const rows = shapes.reduce((total, shape) => total + (shape[0] ?? 1), 0)
  return [rows, ...(shapes[0] ?? []).slice(1)]
}
