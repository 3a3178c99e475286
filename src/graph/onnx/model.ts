import type { Shape } from '../dim.ts'
import type { DType, TypedArray } from '../dtype.ts'

/**
 * Name, element type and shape (numbers, or names of dimensions that vary) of an input or output.
 */
export interface TensorSpec {
  name: string
  dtype: DType
  shape: Shape
}

export type StoredFloat = 'float32' | 'float16' | 'bfloat16'

/** Elements in a file: little-endian, from `offset` (in bytes) on. */
export interface StoredElements {
  folder: string
  /** In that folder. */
  file: string
  /** Which file it was when it was opened; another may take its place. */
  version?: string
  offset: number
  /** Of the file; what is computed with is float32. */
  dtype: StoredFloat
  /** Where they do not lie there as they would in memory. */
  layout?: StoredLayout
}

export interface StoredLayout {
  /** Sizes in the file. */
  shape: readonly number[]
  /** Of its last axis, only what is from the first of these up to the second. */
  columns?: readonly [number, number]
  /** Which of its axes comes where. */
  axes: readonly number[]
}

/** Elements of a weight: in memory, or, for engines that read files, on the disk. */
export type WeightData = TypedArray | StoredElements

export const isStored = (data: WeightData): data is StoredElements => !ArrayBuffer.isView(data)

/**
 * A graph in ONNX form. `bytes` is the serialized ModelProto without the large weights; those stay
 * outside it (a protobuf ends at 2 GB) and are handed to the runtime as initializers.
 */
export interface OnnxModel {
  bytes: Uint8Array
  inputs: TensorSpec[]
  outputs: TensorSpec[]
  /** Initializers kept outside `bytes`, by name; declared in the graph as external data. */
  weights: Record<string, { dtype: DType; shape: readonly number[]; data: WeightData }>
}
