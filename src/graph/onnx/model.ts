import type { Shape } from '../dim.ts'
import type { DType, TypedArray } from '../dtype.ts'

/** Name, element type and shape (numbers, or names of dimensions that vary) of an input or output. */
export interface TensorSpec {
  name: string
  dtype: DType
  shape: Shape
}

/** Elements in a file, as they would lie in memory: little-endian, from `offset` (in bytes) on. */
export interface StoredElements {
  folder: string
  /** In that folder. */
  file: string
  offset: number
  /** Where the file has them in another order: its sizes, and which of its axes comes where. */
  order?: { shape: readonly number[]; axes: readonly number[] }
}

/** Elements of a weight: in memory, or, for engines that read files, on the disk. */
export type WeightData = TypedArray | StoredElements

export const isStored = (data: WeightData): data is StoredElements => !ArrayBuffer.isView(data)

/**
 * A graph in ONNX form. `bytes` is the serialised ModelProto without the large weights; those stay
 * outside it (a protobuf ends at 2 GB) and are handed to the runtime as initializers.
 */
export interface OnnxModel {
  bytes: Uint8Array
  inputs: TensorSpec[]
  outputs: TensorSpec[]
  /** Initializers kept outside `bytes`, by name; declared in the graph as external data. */
  weights: Record<string, { dtype: DType; shape: readonly number[]; data: WeightData }>
}
