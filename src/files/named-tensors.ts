import { sizeOf } from '../graph/dim.ts'
import type { StoredElements } from '../graph/onnx/model.ts'

/** Named tensors of a file, each readable as float32, whatever its format. */
export interface NamedTensors {
  /** Shapes are outermost first. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>
  /**
   * A tensor as float32, into `out` if given. With `from`, `out` may be smaller: it receives the
   * elements from there on.
   */
  readFloat32(name: string, out?: Float32Array, from?: number): Promise<Float32Array>
  /** Where a tensor's floats lie in a file, if they can be mapped. */
  locate?(name: string): StoredElements | undefined
}

/** A buffer for a tensor, or for its part from `from` on. Throws Error if `out` does not fit. */
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
