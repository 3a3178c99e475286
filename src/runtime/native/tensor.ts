import type { Pointer } from '../../files/koffi.ts'
import { sizeOf } from '../../graph/dim.ts'
import { DTYPES, type DType, type TypedArray } from '../../graph/dtype.ts'
import type { Owner as BaseOwner } from '../base-engine.ts'
import { BaseTensor, copyElements } from '../base-tensor.ts'
import { checkShape, checkValues, describe } from '../check.ts'
import type { Shared } from '../shared.ts'
import type { Released } from './api.ts'
import { createValue, type Environment } from './environment.ts'
import { Memory } from './memory.ts'

/** The engine, for its tensors, programs and bindings. */
export interface Owner extends BaseOwner, Environment {
  readonly hostMemory: boolean
  /** Releases an object that the device may be using; undefined if it was never made. */
  free(kind: Released, pointer: Pointer | undefined): void
}

/** A tensor as the native engines bind it. */
export abstract class NativeTensor<S extends Shared = Shared> extends BaseTensor<Owner> {
  /** Where the elements lie; slices share it. */
  protected readonly storage: S
  #value: Pointer | undefined

  /** Takes over one ownership of `storage`. */
  constructor(owner: Owner, dtype: DType, shape: readonly number[], storage: S) {
    super(owner, dtype, shape)
    this.storage = storage
  }

  /** The OrtValue. */
  get value(): Pointer {
    this.#value ??= this.createValue()
    return this.#value
  }

  protected abstract createValue(): Pointer

  /** Copies to the device what was written since the last run. */
  upload(): void {}

  protected free(): void {
    this.owner.free('Value', this.#value)
    this.storage.release()
  }
}

/** A tensor in ordinary memory. */
export class HostTensor extends NativeTensor<Memory> {
  readonly data: TypedArray
  readonly #offset: number

  /** The tensor starts `offset` bytes into `memory`. */
  private constructor(
    owner: Owner,
    dtype: DType,
    shape: readonly number[],
    memory: Memory,
    offset: number,
  ) {
    super(owner, dtype, shape, memory)
    const { array } = DTYPES[dtype]
    this.data = new array(memory.buffer, memory.offset + offset, this.size)
    this.#offset = offset
  }

  static zeros(owner: Owner, dtype: DType, shape: readonly number[]): HostTensor {
    checkShape(shape)
    const memory = new Memory(sizeOf(shape) * DTYPES[dtype].bytes)
    return new HostTensor(owner, dtype, shape, memory, 0)
  }

  protected createValue(): Pointer {
    const address = this.storage.address + BigInt(this.#offset)
    return createValue(this.owner, this.dtype, this.shape, address, this.data.byteLength)
  }

  override check(): void {
    super.check()
    if (!this.storage.isIntact)
      throw new Error(`the memory of tensor ${describe(this)} was transferred to another thread`)
  }

  slice(offset: number, shape: readonly number[]): HostTensor {
    this.checkSlice(offset, shape)
    this.storage.retain()
    const start = this.#offset + offset * DTYPES[this.dtype].bytes
    return new HostTensor(this.owner, this.dtype, shape, this.storage, start)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    copyElements(this.data, checkValues(this, values))
  }

  async read(): Promise<TypedArray> {
    this.check()
    return this.data.slice()
  }
}
