import type { DType } from '../dtype.ts'
import type { Tensor } from '../tensor.ts'

export type Attribute = number | string | readonly number[] | { float: number }

/**
 * Where a model will run; ops choose their ONNX form by it. `standard`: on any runtime, by
 * operators of the ONNX standard alone.
 */
export type Target = 'cpu' | 'webgpu' | 'wasm' | 'standard'

/** What an op's `onnx` writes to. Inputs are tensors of the graph, or names of earlier results. */
export interface Emitter {
  readonly target: Target
  /** Adds a node whose results are `outputs` (undefined: an output that is not wanted). */
  node(
    type: string,
    inputs: readonly (Tensor | string | undefined)[],
    outputs: readonly (Tensor | string | undefined)[],
    attributes?: Readonly<Record<string, Attribute>>,
    domain?: string,
  ): void
  /** Name of a constant with these values; scalars have shape []. */
  constant(dtype: DType, shape: readonly number[], values: ArrayLike<number>): string
  /** A fresh name for a result inside an op. */
  temporary(): string
  /** True when something depends on this tensor. */
  isUsed(tensor: Tensor): boolean
}

/** ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft'
