import { partOf } from '../files/byte-source.ts'
import type { NamedTensors } from '../files/named-tensors.ts'
import { sizeOf } from '../graph/index.ts'
import type { StoredElements } from '../graph/onnx/model.ts'
import type { Model } from '../models/model.ts'
import { concatenated, toHalves, toPairs, transposeColumns, transposedMatrix } from './matrices.ts'

/** What a format's file has otherwise than the parameters that lie in a tensor of it. */
interface Stored {
  /** The file has (in, out), where parameters are (out, in). */
  transposed?: boolean
  /** Added to what the file has. */
  plus?: number
  /** Heads whose rows stand in pairs (2i, 2i + 1) in the file, where ours are (i, i + D/2). */
  pairedHeads?: number
  /** The file repeats a parameter times this; it is read from its own tensor. */
  times?: number
}

/** The name of a tensor in an architecture's files, and those of the parameters that are in it. */
export interface Rename extends Stored {
  /** `{i}` stands for each layer, `{e}` for each expert. */
  file: string
  /** Parameters, one after the other along the first axis (out). */
  ours: readonly string[]
  /** Only `ours` have `{e}`: the tensor holds all experts, which its first axis counts. */
  stacked?: boolean
}

/** The same tensor under another name. */
export const rename = (file: string, ...ours: string[]): Rename => ({ file, ours })

/** `weight` and `bias` of a layer; a part that the model does not have is left out. */
export const both = (file: string, ...ours: string[]): Rename[] =>
  ['weight', 'bias'].map((part) => ({
    file: `${file}.${part}`,
    ours: ours.map((name) => `${name}.${part}`),
  }))

/** A tensor of a model's files, and the parameters that are in it. */
export interface MappedTensor extends Stored {
  name: string
  /** In the file, outermost first. */
  shape: readonly number[]
  parameters: readonly string[]
}

/**
 * The tensors that hold a model's parameters: one for each layer and expert. A parameter is where
 * the first of `renames` has it. `unmapped`: those that none has.
 */
export function mapTensors(
  renames: readonly Rename[],
  model: Model,
): { mapped: MappedTensor[]; unmapped: string[] } {
  const all = model.parameters()
  const count = (pattern: RegExp): number =>
    [...all.keys()].reduce((n, name) => Math.max(n, Number(pattern.exec(name)?.[1] ?? -1) + 1), 0)
  const [layers, experts] = [count(/\.layers\.(\d+)\./), count(/\.experts\.(\d+)\./)]
  const mapped: MappedTensor[] = []
  const known = new Set<string>()
  const add = ({ file, ours, stacked, ...stored }: Rename, i: number, e: number): void => {
    const at = (name: string, expert = e) =>
      name.replace('{i}', String(i)).replace('{e}', String(expert))
    const parameters = stacked
      ? ours.flatMap((name) => Array.from({ length: experts }, (_, expert) => at(name, expert)))
      : ours.map((name) => at(name))
    if (parameters.length === 0 || !parameters.every((name) => all.has(name))) return
    if (stored.times === undefined && parameters.some((name) => known.has(name))) return
    for (const name of parameters) known.add(name)
    const shapes = parameters.map((name) => all.get(name)?.shape ?? [])
    const [first = []] = shapes
    const rows = shapes.reduce((total, shape) => total + (shape[0] ?? 1), 0)
    const shape = stacked ? [shapes.length, ...first] : [rows, ...first.slice(1)]
    if (stored.transposed) shape.reverse()
    mapped.push({ name: at(file), shape, parameters, ...stored })
  }
  for (const rename of renames)
    for (let i = 0; i < (rename.file.includes('{i}') ? layers : 1); i++)
      for (let e = 0; e < (rename.file.includes('{e}') ? experts : 1); e++) add(rename, i, e)
  return { mapped, unmapped: [...all.keys()].filter((name) => !known.has(name)) }
}

/** Gives a parameter of a model, by its name. */
export type ReadParameter = (name: string) => Float32Array | Promise<Float32Array>

/** What the file has of a tensor, made of its parameters. */
export async function storedValues(
  { name, shape, parameters, transposed, plus, pairedHeads, times }: MappedTensor,
  read: ReadParameter,
): Promise<Float32Array> {
  const parts: Float32Array[] = []
  for (const parameter of parameters) parts.push(await read(parameter))
  let values = parts.length === 1 ? (parts[0] as Float32Array) : concatenated(parts)
  if (values.length !== sizeOf(shape)) throw new Error(`${name}: ${values.length} for (${shape})`)
  if (pairedHeads) values = toPairs(values, shape[0] ?? 1, pairedHeads)
  if (plus) values = values.map((x) => x - plus)
  if (times) values = values.map((x) => x * times)
  return transposed ? transposedMatrix(values, [...shape].reverse()) : values
}

/** The parameters that lie in the tensors of a file, by our names. */
export interface StoredParameters {
  /** A parameter, into `out` if given; else into memory that is the caller's to keep and change. */
  read(name: string, out?: Float32Array): Promise<Float32Array>
  /** Where a parameter's floats lie in a file, if they are there as they are computed with. */
  locate(name: string): StoredElements | undefined
}

/** `nameOf`: what a tensor is called in this very file. Throws what it throws. */
export function storedParameters(
  mapped: readonly MappedTensor[],
  model: Model,
  file: Pick<NamedTensors, 'readFloat32' | 'locate'>,
  nameOf: (tensor: MappedTensor) => string = ({ name }) => name,
): StoredParameters {
  const all = model.parameters()
  const shapeOf = (name: string): readonly number[] => all.get(name)?.shape ?? []
  /** The tensor of each parameter, and the elements of others that are in it before. */
  const homes = new Map<string, { tensor: MappedTensor; from: number }>()
  for (const tensor of mapped) {
    let from = 0
    for (const name of tensor.parameters) {
      if (!homes.has(name)) homes.set(name, { tensor, from })
      from += sizeOf(shapeOf(name))
    }
  }
  const homeOf = (name: string) => {
    const home = homes.get(name)
    if (!home) throw new Error(`${name} is in no tensor`)
    return { ...home, several: home.tensor.parameters.length > 1 }
  }
  return {
    read: async (name, out = new Float32Array(sizeOf(shapeOf(name)))) => {
      const { tensor, from, several } = homeOf(name)
      const { transposed, plus, pairedHeads } = tensor
      const [rows = 1, columns = 1] = shapeOf(name)
      if (transposed) {
        const values = await file.readFloat32(nameOf(tensor))
        transposeColumns(values, tensor.shape[1] ?? 1, from / columns, out)
      } else await file.readFloat32(nameOf(tensor), out, several ? from : undefined)
      if (pairedHeads) toHalves(out, rows, pairedHeads)
      if (plus) for (let i = 0; i < out.length; i++) (out[i] as number) += plus
      return out
    },
    locate: (name) => {
      const { tensor, from, several } = homeOf(name)
      const { shape, transposed, plus, pairedHeads: heads } = tensor
      const stored = plus ? undefined : file.locate?.(nameOf(tensor))
      if (!stored) return undefined
      const [rows = 1, columns = 1] = shapeOf(name)
      if (transposed) {
        const first = from / columns
        const part = several && { columns: [first, first + rows] as const }
        return { ...stored, layout: { shape, ...part, axes: [1, 0] } }
      }
      if (!heads) return partOf(stored, from)
      const width = sizeOf(shapeOf(name)) / rows
      const layout = { shape: [heads, rows / heads / 2, 2, width], axes: [0, 2, 1, 3] }
      return { ...partOf(stored, from), layout }
    },
  }
}
