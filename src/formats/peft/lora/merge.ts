import type { Model } from '../../../models/model.ts'
import { type AdapterUse, type LowRankValues, targetsIn, weighted } from './adapter.ts'

/** Memory of a model's parameters, by name. */
export type Memory = (name: string) => Float32Array

/** W + weight scale B A, in place, for every matrix that the adapters update. Throws UserError. */
export const mergeAdapters = (model: Model, uses: readonly AdapterUse[], memory: Memory): void =>
  addUpdates(model, uses, memory, 1)

/**
 * Takes adapters out of the matrices that they were merged into. An element comes back to within
 * one rounding of the sum that it was merged to, 2^-23 of its size.
 */
export const unmergeAdapters = (model: Model, uses: readonly AdapterUse[], memory: Memory): void =>
  addUpdates(model, [...uses].reverse(), memory, -1)

function addUpdates(model: Model, uses: readonly AdapterUse[], memory: Memory, sign: 1 | -1): void {
  for (const [name, add] of updatesOf(model, uses, sign)) add(memory(name))
}

/**
 * What adapters add to the parameters that they update, by the parameters' names. Throws UserError
 * where an adapter is not for the model.
 */
export function updatesOf(
  model: Model,
  uses: readonly AdapterUse[],
  sign: 1 | -1 = 1,
): Map<string, (matrix: Float32Array) => void> {
  const updates = new Map<string, (matrix: Float32Array) => void>()
  for (const { adapter, weight } of uses.map(weighted))
    for (const { target, values } of targetsIn(model, adapter)) {
      let rows = 0
      for (const { path, outputs } of target.layers) {
        const [name, first] = [`${path}.weight`, rows]
        const before = updates.get(name)
        updates.set(name, (matrix) => {
          before?.(matrix)
          addProduct(matrix, values, first, sign * weight)
        })
        rows += outputs
      }
    }
  return updates
}

/** Adds `factor` scale B A, from row `first` of B on, to a matrix (rows, columns). */
function addProduct(
  matrix: Float32Array,
  { rank, down, up, scale }: LowRankValues,
  first: number,
  factor: number,
): void {
  const columns = down.length / rank
  const sum = new Float64Array(columns)
  for (let row = 0; row < matrix.length / columns; row++) {
    sum.fill(0)
    for (let r = 0; r < rank; r++) {
      const b = factor * scale * (up[(first + row) * rank + r] as number)
      for (let i = 0; i < columns; i++)
        sum[i] = (sum[i] as number) + b * (down[r * columns + i] as number)
    }
    const start = row * columns
    for (let i = 0; i < columns; i++)
      matrix[start + i] = (matrix[start + i] as number) + (sum[i] as number)
  }
}
