import { sizeOf } from '../../graph/dim.ts'
import { DTYPES, type DType, type TypedArray, zeros } from '../../graph/dtype.ts'
import { checkShape, checkValues } from '../check.ts'
import { describe } from '../describe.ts'
import { koffi, type Pointer } from './koffi.ts'
import { Shared } from './shared.ts'
import type { NativeTensor, Owner } from './tensor.ts'
import { createValue } from './value.ts'

/** The engine, for tensors in device memory. */
export interface GpuOwner extends Owner {
  /** Allocator of device memory. */
  readonly allocator: Pointer
}

/**
 * A tensor in the memory of a GPU. Only one thread may use the device at a time, so what is written
 * waits on the host for the next run or read, which allocates and copies when its turn has come.
 */
export class GpuTensor implements NativeTensor {
  name?: string
  readonly owner: GpuOwner
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly size: number
  readonly data = undefined
  readonly memory: Shared
  #value: Pointer | undefined
  #written: TypedArray | undefined
  #disposed = false

  constructor(owner: GpuOwner, dtype: DType, shape: readonly number[]) {
    checkShape(shape)
    this.owner = owner
    this.dtype = dtype
    this.shape = [...shape]
    this.size = sizeOf(shape)
    this.memory = new Shared(() => owner.free('Value', this.#value))
    this.#written = zeros(dtype, this.size)
    owner.children.add(this)
  }

  get value(): Pointer {
    if (this.#value === undefined) {
      const { api, allocator } = this.owner
      const dims = BigInt64Array.from(this.shape, BigInt)
      const type = [dims, dims.length, DTYPES[this.dtype].onnx] as const
      this.#value = api.create('CreateTensorAsOrtValue', allocator, ...type)
    }
    return this.#value
  }

  check(): void {
    if (this.#disposed) throw new Error(`tensor ${describe(this)} was disposed`)
  }

  slice(): never {
    throw new Error(`tensor ${describe(this)} is in GPU memory, which has no slices`)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    this.#written = checkValues(this, values).slice()
  }

  upload(): void {
    const values = this.#written
    this.#written = undefined
    if (values) this.#withHost(values, (host) => this.#copy(host, this.value))
  }

  /** Copies to the host, when the device has done all that it was given; to be called in turn. */
  download(): TypedArray {
    this.upload()
    const values = zeros(this.dtype, this.size)
    this.#withHost(values, (host) => this.#copy(this.value, host))
    return values
  }

  async read(): Promise<TypedArray> {
    this.check()
    this.memory.retain()
    try {
      return await this.owner.slots.use(async () => this.download())
    } finally {
      this.memory.release()
    }
  }

  #copy(source: Pointer, target: Pointer): void {
    const { api, env } = this.owner
    api.call('CopyTensors', env, BigUint64Array.of(source), BigUint64Array.of(target), null, 1)
  }

  #withHost(values: TypedArray, work: (host: Pointer) => void): void {
    if (this.size === 0) return
    const address = koffi.address(values)
    const host = createValue(this.owner, this.dtype, this.shape, address, values.byteLength)
    try {
      work(host)
    } finally {
      this.owner.api.release('Value', host)
    }
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#written = undefined
    this.owner.children.delete(this)
    this.memory.release()
  }
}
