import type { Pointer } from '../../files/koffi.ts'
import { formatShape, sizeOf } from '../../graph/dim.ts'
import { DTYPES, type DType, type TypedArray } from '../../graph/dtype.ts'
import { checkShape, checkValues, describe } from '../check.ts'
import { Shared } from '../shared.ts'
import { GpuMemory, type GpuOwner } from './gpu-memory.ts'
import type { NativeTensor } from './tensor.ts'
import { createValue } from './value.ts'

/** A tensor in the memory of a GPU. */
export class GpuTensor implements NativeTensor {
  name?: string
  readonly owner: GpuOwner
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly size: number
  readonly data = undefined
  readonly memory: Shared
  readonly #memory: GpuMemory
  #value: Pointer | undefined
  #disposed = false

  /** Takes over one ownership of `memory`. */
  constructor(owner: GpuOwner, dtype: DType, shape: readonly number[], memory?: GpuMemory) {
    checkShape(shape)
    this.owner = owner
    this.dtype = dtype
    this.shape = [...shape]
    this.size = sizeOf(shape)
    this.#memory = memory ?? new GpuMemory(owner, dtype, this.size)
    this.memory = new Shared(() => {
      owner.free('Value', this.#value)
      this.#memory.release()
    })
    owner.children.add(this)
  }

  get value(): Pointer {
    if (this.#value === undefined) {
      const { owner, dtype, shape, size } = this
      const { address } = this.#memory
      const bytes = size * DTYPES[dtype].bytes
      this.#value = createValue(owner, dtype, shape, address, bytes, owner.deviceMemory)
    }
    return this.#value
  }

  check(): void {
    if (this.#disposed) throw new Error(`tensor ${describe(this)} was disposed`)
  }

  slice(offset: number, shape: readonly number[]): GpuTensor {
    this.check()
    checkShape(shape)
    if (offset !== 0 || sizeOf(shape) !== this.size)
      throw new Error(
        `tensor ${describe(this)} is in GPU memory: a slice must be the whole of it, ` +
          `not ${formatShape(shape)} at ${offset}`,
      )
    this.#memory.retain()
    return new GpuTensor(this.owner, this.dtype, shape, this.#memory)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    this.#memory.write(checkValues(this, values).slice())
  }

  upload(): void {
    this.#memory.upload()
  }

  /** Copies to the host, when the device has done all that it was given; to be called in turn. */
  download(): TypedArray {
    return this.#memory.download()
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

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.owner.children.delete(this)
    this.memory.release()
  }
}
