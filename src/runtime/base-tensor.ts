import { formatShape, sizeOf } from '../graph/dim.ts'
import type { DType, TypedArray } from '../graph/dtype.ts'
import type { Owner } from './base-engine.ts'
import { checkShape, describe } from './check.ts'
import type { DeviceTensor } from './engine.ts'
import { Shared } from './shared.ts'

/** What the tensors of all engines share. */
export abstract class BaseTensor<O extends Owner = Owner> implements DeviceTensor {
  /** Set when first bound, for messages. */
  name?: string
  readonly owner: O
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly size: number
  /** Held by bindings, so that a run under way outlives `dispose`. */
  readonly memory = new Shared(() => this.free())
  #disposed = false

  constructor(owner: O, dtype: DType, shape: readonly number[]) {
    checkShape(shape)
    this.owner = owner
    this.dtype = dtype
    this.shape = [...shape]
    this.size = sizeOf(shape)
    owner.children.add(this)
  }

  abstract readonly data: TypedArray | undefined
  abstract slice(offset: number, shape: readonly number[]): DeviceTensor
  abstract write(values: TypedArray | readonly number[]): void
  abstract read(): Promise<TypedArray>
  /** Called when nothing needs the memory any more. */
  protected abstract free(): void

  get isDisposed(): boolean {
    return this.#disposed
  }

  /** Throws if the tensor can no longer be used. */
  check(): void {
    if (this.#disposed) throw new Error(`tensor ${describe(this)} was disposed`)
  }

  /** Throws unless a slice of host memory lies inside the tensor. */
  protected checkSlice(offset: number, shape: readonly number[]): void {
    this.check()
    checkShape(shape)
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + sizeOf(shape) > this.size)
      throw new RangeError(
        `a slice ${formatShape(shape)} at ${offset} is outside tensor ${describe(this)}`,
      )
  }

  /** Throws unless a slice of GPU memory has all elements: buffers cannot be divided. */
  protected checkWhole(offset: number, shape: readonly number[]): void {
    this.check()
    checkShape(shape)
    if (offset !== 0 || sizeOf(shape) !== this.size)
      throw new Error(
        `tensor ${describe(this)} is in GPU memory: a slice must be the whole of it, ` +
          `not ${formatShape(shape)} at ${offset}`,
      )
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.owner.children.delete(this)
    this.memory.release()
  }
}

/** Copies between arrays of one type, which TypeScript does not allow `set` to do for a union. */
export const copyElements = (target: TypedArray, source: TypedArray): void =>
  bytesOf(target).set(bytesOf(source))

export const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
