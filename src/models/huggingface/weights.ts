import { UserError } from '../../errors.ts'
import { sizeOf } from '../../graph/index.ts'
import type { Module } from '../../nn/index.ts'
import type { NamedTensors } from '../files/named-tensors.ts'
import type { TensorToWrite } from '../files/safetensors.ts'
import type { Family, Rename } from './family.ts'

/** Renames for a model's own parameters: one for each layer, and those that it does not have gone. */
function renamesOf(family: Family, model: Module): Rename[] {
  const names = new Set(model.parameters().keys())
  if (family.renames.length === 0) return [...names].map((name) => ({ file: name, ours: [name] }))
  const renames: Rename[] = []
  for (const { file, ours, transposed } of family.renames) {
    for (let i = 0; ; i++) {
      const at = (name: string) => name.replace('{i}', String(i))
      if (!ours.every((name) => names.has(at(name)))) break
      renames.push({ file: at(file), ours: ours.map(at), transposed })
      if (!file.includes('{i}')) break
    }
  }
  const told = new Set(renames.flatMap(({ ours }) => ours))
  const untold = [...names].filter((name) => !told.has(name))
  if (untold.length > 0) throw new Error(`${family.modelType} has no name for ${untold.join(', ')}`)
  return renames
}

/** The tensors of a family's file, made from the parameters one at a time. */
export function exportTensors(
  family: Family,
  model: Module,
  values: (name: string) => Float32Array | Promise<Float32Array>,
): TensorToWrite[] {
  const parameters = model.parameters()
  return renamesOf(family, model).map(({ file, ours, transposed }) => {
    const shapes = ours.map((name) => parameters.get(name)?.shape ?? [])
    const shape = joinedShape(shapes)
    return {
      name: file,
      dtype: 'F32',
      shape: transposed ? [...shape].reverse() : shape,
      data: async () => {
        const parts = await Promise.all(ours.map(values))
        const joined = parts.length === 1 ? (parts[0] as Float32Array) : concatenated(parts)
        return transposed ? transposedMatrix(joined, shape) : joined
      },
    }
  })
}

/**
 * Fills the parameters from a family's file. Throws UserError with the tensor that is missing or
 * has another shape; returns the tensors of the file that the model has no place for.
 */
export async function importTensors(
  family: Family,
  model: Module,
  weights: NamedTensors,
  memory: (name: string) => Float32Array,
): Promise<string[]> {
  const parameters = model.parameters()
  const used = new Set<string>()
  for (const { file, ours, transposed } of renamesOf(family, model)) {
    const name = [file, file.replace(/^transformer\./, '')].find((n) => weights.tensors.has(n))
    const shapes = ours.map((n) => parameters.get(n)?.shape ?? [])
    const shape = joinedShape(shapes)
    const expected = transposed ? [...shape].reverse() : shape
    if (!name) throw new UserError(`the weights have no tensor named ${file} (${expected})`)
    used.add(name)
    const given = weights.tensors.get(name)?.shape ?? []
    if (given.join() !== expected.join())
      throw new UserError(
        `${name} has the shape (${given}); the configuration asks for (${expected})`,
      )
    const direct = ours.length === 1 && !transposed
    if (direct) {
      await weights.readFloat32(name, memory(ours[0] as string))
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
  return [...weights.tensors.keys()].filter((name) => !used.has(name) && !isDerived(name))
}

/** Masks that old GPT-2 files carry, and a tied output that repeats the embedding. */
const isDerived = (name: string): boolean =>
  /\.attn\.(masked_)?bias$/.test(name) || name === 'lm_head.weight'

const joinedShape = (shapes: readonly (readonly number[])[]): readonly number[] => {
  const rows = shapes.reduce((total, shape) => total + (shape[0] ?? 1), 0)
  return [rows, ...(shapes[0] ?? []).slice(1)]
}

/** Arrays one after the other. */
export function concatenated(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((n, part) => n + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** (R, C) -> (C, R), in square blocks that stay in the cache. */
function transposedMatrix(values: Float32Array, shape: readonly number[]): Float32Array {
  const [rows = 1, columns = 1] = shape
  const result = new Float32Array(values.length)
  const block = 32
  for (let r0 = 0; r0 < rows; r0 += block)
    for (let c0 = 0; c0 < columns; c0 += block)
      for (let r = r0; r < Math.min(r0 + block, rows); r++)
        for (let c = c0; c < Math.min(c0 + block, columns); c++)
          result[c * rows + r] = values[r * columns + c] as number
  return result
}
