import type { StoredElements } from '../graph/onnx/model.ts'

/** Named tensors that can be read as float32 one at a time, in whatever format they are stored. */
export interface NamedTensors {
  /** Shapes are outermost first. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>
  /** A tensor as float32, into `out` if given (as many elements). */
  readFloat32(name: string, out?: Float32Array): Promise<Float32Array>
  /** Where a tensor's floats lie in a file, if they do. */
  locate?(name: string): StoredElements | undefined
  close(): Promise<void>
}
