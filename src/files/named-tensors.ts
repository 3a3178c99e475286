import { sizeOf } from '../graph/dim.ts'
import type { StoredElements } from '../graph/onnx/model.ts'

/** Named tensors that can be read as float32 one at a time, in whatever format they are stored. */
export interface NamedTensors {
  /** Shapes are outermost first. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>
  /**
   * A tensor as float32, into `out` if given (as many elements); with `from`, as many elements as
   * `out` holds from there on.
   */
  readFloat32(name: string, out?: Float32Array, from?: number): Promise<Float32Array>
  /** Where a tensor's floats lie in a file, if they do. */
  locate?(name: string): StoredElements | undefined
}

/** The buffer for a tensor, or for the part of it that `out` holds. Throws Error for a misfit. */
export function bufferFor(
  name: string,
  shape: readonly number[],
  out: Float32Array = new Float32Array(sizeOf(shape)),
  from?: number,
): Float32Array {
  const size = sizeOf(shape)
  if (out.length === size || (from !== undefined && from + out.length <= size)) return out
  throw new Error(`${name}: ${size} elements [${shape}] do not fit a buffer of ${out.length}`)
}
