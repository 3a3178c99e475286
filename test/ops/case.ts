import type { Tensor } from '../../src/graph/tensor.ts'
import type { Build } from '../interpreter/check-gradient.ts'
import type { Value } from '../interpreter/values.ts'

/** One use of an op: every engine must find the interpreter's values and derivatives for it. */
export interface Case {
  name: string
  build: Build
  inputs: Record<string, Value>
  /** Highest derivative that is checked; 0: the op is constant to the derivative. */
  order: 0 | 1 | 2
  /** The inputs by which derivatives are checked (default: all floats). */
  by?: readonly string[]
  /** Outputs, by number, that are written to the memory of an input. */
  inPlace: Readonly<Record<number, string>>
  /** Some of its nodes belong on the CPU in any case: arithmetic on shapes, and on int64. */
  usesHost: boolean
  /** What WebGPU says instead, where its kernel cannot do it. */
  webgpuRefusal?: string
  /** Greatest error of an engine's float32, as a share of the largest element (or of 1). */
  tolerance: number
  /** The same on WebGPU, whose sine and cosine need only be right to 2^-11. */
  webgpuTolerance: number
}

const DEFAULTS = {
  order: 2,
  inPlace: {},
  usesHost: false,
  tolerance: 1e-5,
  webgpuTolerance: 1e-5,
} as const

/** A case of `name`; its second derivative is checked too unless `options` say otherwise. */
export const op = <K extends string>(
  name: string,
  inputs: Record<K, Value>,
  build: (inputs: Record<K, Tensor>) => Tensor | readonly Tensor[],
  options: Partial<Omit<Case, 'name' | 'inputs' | 'build'>> = {},
): Case => ({ name, inputs, build: build as Build, ...DEFAULTS, ...options })
