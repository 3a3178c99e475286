import type { Shape } from '../../src/graph/dim.ts'
import type { DType } from '../../src/graph/dtype.ts'
import { input } from '../../src/graph/ops/leaf.ts'
import type { Tensor } from '../../src/graph/tensor.ts'
import { sizeOf } from './array.ts'

/** The value of one input of a test: `shape` in this run, `dims` as the graph has it. */
export interface Value {
  dtype: DType
  shape: readonly number[]
  values: readonly number[]
  dims: Shape
}

/** Numbers in [0, 1), the same in every run and place (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const next = randomNumbers(1)

/** float32 numbers between `low` and `high`; `dims` names dimensions. */
export function floats(shape: readonly number[], low = -2, high = 2, dims: Shape = shape): Value {
  const values = Array.from({ length: sizeOf(shape) }, () =>
    Math.fround(low + (high - low) * next()),
  )
  return { dtype: 'float32', shape, values, dims }
}

/** Whole numbers (or 0 and 1 for truth values), row by row. */
export const exactly = (
  dtype: DType,
  shape: readonly number[],
  values: readonly number[],
  dims: Shape = shape,
): Value => ({ dtype, shape, values, dims })

/** The graph's inputs that stand for `values`. */
export const inputsOf = <K extends string>(values: Record<K, Value>): Record<K, Tensor> =>
  Object.fromEntries(
    Object.entries<Value>(values).map(([name, { dtype, dims }]) => [
      name,
      input(name, dtype, dims),
    ]),
  ) as Record<K, Tensor>
