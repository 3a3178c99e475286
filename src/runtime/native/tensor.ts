import type { Pointer } from '../../files/koffi.ts'
import { formatShape, sizeOf } from '../../graph/dim.ts'
import { DTYPES, type DType, type TypedArray } from '../../graph/dtype.ts'
import { checkShape, checkValues, describe } from '../check.ts'
import type { DeviceTensor } from '../engine.ts'
import type { Shared } from '../shared.ts'
import type { Slots } from '../slots.ts'
import type { Released } from './api.ts'
import type { Environment } from './environment.ts'
import { Memory } from './memory.ts'
import { createValue } from './value.ts'

/** What tensors, programs and bindings know of the engine that made them. */
export interface Owner extends Environment {
  readonly hostMemory: boolean
  /** Limits the runs under way. */
  readonly slots: Slots
  /** What is still to be disposed. */
  readonly children: Set<{ dispose(): void }>
  /** Releases, if it was made, an object that the device knows of. */
  free(kind: Released, pointer: Pointer | undefined): void
}

/** A tensor as the native engines bind it. */
export interface NativeTensor extends DeviceTensor {
  readonly owner: Owner
  /** Set when first bound, for messages. */
  name?: string
  /** Held by bindings, so that a run under way outlives `dispose`. */
  readonly memory: Shared
  /** The OrtValue. */
  readonly value: Pointer
  /** Throws if the tensor can no longer be used. */
  check(): void
  /** Brings to the device what was written since the last run. */
  upload?(): void
}

export const isNative = (tensor: DeviceTensor): tensor is NativeTensor => 'owner' in tensor

/** A tensor in ordinary memory. */
export class HostTensor implements NativeTensor {
  name?: string
  readonly owner: Owner
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly size: number
  readonly memory: Memory
  readonly data: TypedArray
  readonly #offset: number
  #value: Pointer | undefined
  #disposed = false

  /** Takes over one ownership of `memory`; the tensor starts `offset` bytes into it. */
  private constructor(
    owner: Owner,
    dtype: DType,
    shape: readonly number[],
    memory: Memory,
    offset: number,
  ) {
    const { array } = DTYPES[dtype]
    this.owner = owner
    this.dtype = dtype
    this.shape = [...shape]
    this.size = sizeOf(shape)
    this.memory = memory
    this.data = new array(memory.buffer, memory.offset + offset, this.size)
    this.#offset = offset
    owner.children.add(this)
  }

  static zeros(owner: Owner, dtype: DType, shape: readonly number[]): HostTensor {
    checkShape(shape)
    const memory = new Memory(sizeOf(shape) * DTYPES[dtype].bytes)
    return new HostTensor(owner, dtype, shape, memory, 0)
  }

  get value(): Pointer {
    if (this.#value === undefined) {
      const address = this.memory.address + BigInt(this.#offset)
      const { byteLength } = this.data
      this.#value = createValue(this.owner, this.dtype, this.shape, address, byteLength)
    }
    return this.#value
  }

  check(): void {
    if (this.#disposed) throw new Error(`tensor ${describe(this)} was disposed`)
    if (!this.memory.isIntact)
      throw new Error(`the memory of tensor ${describe(this)} was transferred to another thread`)
  }

  slice(offset: number, shape: readonly number[]): HostTensor {
    this.check()
    checkShape(shape)
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + sizeOf(shape) > this.size)
      throw new RangeError(
        `a slice ${formatShape(shape)} at ${offset} is outside tensor ${describe(this)}`,
      )
    this.memory.retain()
    const start = this.#offset + offset * DTYPES[this.dtype].bytes
    return new HostTensor(this.owner, this.dtype, shape, this.memory, start)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    copyElements(this.data, checkValues(this, values))
  }

  async read(): Promise<TypedArray> {
    this.check()
    return this.data.slice()
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.owner.children.delete(this)
    this.owner.free('Value', this.#value)
    this.memory.release()
  }
}

/** Copies between arrays of the same type, which `set` cannot be told of a union. */
function copyElements(target: TypedArray, source: TypedArray): void {
  const bytes = (array: TypedArray) =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  bytes(target).set(bytes(source))
}
