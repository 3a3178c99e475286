import type { ModelFolder } from '../checkpoint/model-folder.ts'
import { sizeOf } from '../graph/index.ts'
import { createModel } from '../models/model.ts'
import type { ParameterVector } from './parameter-store.ts'

/**
 * Fills the parameters of a model from a folder's; the vocabulary may have grown. Rows for new tokens
 * start at the mean of all others, where none is likelier than the text before made it. Parameters that only one
 * of the two has are left as they are; `body`: those of the heads, too.
 */
export async function copyParameters(
  { config, fill }: ModelFolder,
  values: ParameterVector,
  { body = false }: { body?: boolean } = {},
): Promise<void> {
  const shapes = createModel(config).parameters()
  const read = new Map<string, Float32Array>()
  await fill((name) => {
    const memory = read.get(name) ?? new Float32Array(sizeOf(shapes.get(name)?.shape ?? []))
    read.set(name, memory)
    return memory
  })
  for (const [name, memory] of read) {
    if (!values.layout.shapes.has(name) || (body && !name.startsWith('model.'))) continue
    const { size, shape } = values.tensor(name)
    values.tensor(name).write(size === memory.length ? memory : grown(memory, size, shape[1] ?? 1))
  }
}

function grown(rows: Float32Array, size: number, width: number): Float32Array {
  const result = new Float32Array(size)
  const sums = new Float64Array(width)
  result.set(rows)
  for (const [i, value] of rows.entries()) sums[i % width] = (sums[i % width] as number) + value
  const count = rows.length / width
  for (let i = rows.length; i < size; i++) result[i] = (sums[i % width] as number) / count
  return result
}
