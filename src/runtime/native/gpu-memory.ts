import { koffi, type Pointer } from '../../files/koffi.ts'
import { DTYPES, type DType, type TypedArray, zeros } from '../../graph/dtype.ts'
import { Shared } from '../shared.ts'
import { createValue } from './environment.ts'
import type { Owner } from './tensor.ts'

/** The engine, for tensors in device memory. */
export interface GpuOwner extends Owner {
  /** Allocator of device memory. */
  readonly allocator: Pointer
  /** Describes device memory. */
  readonly deviceMemory: Pointer
}

/**
 * Elements in GPU memory, shared by a tensor and its views. Only one thread may use the device at a
 * time, so written values stay on the host until the next run or read, which copies them in its
 * turn.
 */
export class GpuMemory extends Shared {
  readonly #owner: GpuOwner
  readonly #dtype: DType
  readonly #size: number
  #value: Pointer | undefined
  #written: TypedArray | undefined

  /** Elements are initially zero. */
  constructor(owner: GpuOwner, dtype: DType, size: number) {
    super(() => {
      this.#written = undefined
      owner.free('Value', this.#value)
    })
    this.#owner = owner
    this.#dtype = dtype
    this.#size = size
    this.#written = zeros(dtype, size)
  }

  /** Address on the device. */
  get address(): Pointer {
    return this.#owner.api.create('GetTensorMutableData', this.#whole)
  }

  /** Takes over `values`. */
  write(values: TypedArray): void {
    this.#written = values
  }

  /** Copies written values to the device; call in turn. */
  upload(): void {
    const values = this.#written
    this.#written = undefined
    if (values) this.#withHost(values, (host) => this.#copy(host, this.#whole))
  }

  /** Copies to the host, once the device has done all its work; call in turn. */
  download(): TypedArray {
    this.upload()
    const values = zeros(this.#dtype, this.#size)
    this.#withHost(values, (host) => this.#copy(this.#whole, host))
    return values
  }

  /** An OrtValue of all elements, as a vector. */
  get #whole(): Pointer {
    if (this.#value === undefined) {
      const { api, allocator } = this.#owner
      const type = [BigInt64Array.of(BigInt(this.#size)), 1, DTYPES[this.#dtype].onnx] as const
      this.#value = api.create('CreateTensorAsOrtValue', allocator, ...type)
    }
    return this.#value
  }

  #copy(source: Pointer, target: Pointer): void {
    const { api, env } = this.#owner
    api.call('CopyTensors', env, BigUint64Array.of(source), BigUint64Array.of(target), null, 1)
  }

  #withHost(values: TypedArray, work: (host: Pointer) => void): void {
    if (this.#size === 0) return
    const address = koffi.address(values)
    const host = createValue(this.#owner, this.#dtype, [this.#size], address, values.byteLength)
    try {
      work(host)
    } finally {
      this.#owner.api.release('Value', host)
    }
  }
}
