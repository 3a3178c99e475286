import type { Tensor } from 'onnxruntime-web'
import { formatShape, sizeOf } from '../../graph/dim.ts'
import { DTYPES, type DType, type TypedArray } from '../../graph/dtype.ts'
import { checkShape, checkValues, describe } from '../check.ts'
import { type GpuHeap, GpuMemory } from './gpu-memory.ts'
import { type Owner, type Place, WebTensor } from './tensor.ts'

export interface GpuOwner extends Owner {
  readonly heap: GpuHeap
}

/** A tensor in a buffer of the GPU's, where runs read and write it. */
export class GpuTensor extends WebTensor {
  declare readonly owner: GpuOwner
  readonly data = undefined
  readonly #storage: GpuMemory

  /** Takes over one ownership of `storage`. */
  constructor(owner: GpuOwner, dtype: DType, shape: readonly number[], storage?: GpuMemory) {
    super(owner, dtype, shape)
    this.#storage = storage ?? new GpuMemory(owner.heap, this.#bytes)
  }

  slice(offset: number, shape: readonly number[]): GpuTensor {
    this.check()
    checkShape(shape)
    if (offset !== 0 || sizeOf(shape) !== this.size)
      throw new Error(
        `tensor ${describe(this)} is in GPU memory: a slice must be the whole of it, ` +
          `not ${formatShape(shape)} at ${offset}`,
      )
    this.#storage.retain()
    return new GpuTensor(this.owner, this.dtype, shape, this.#storage)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    this.#storage.write(checkValues(this, values))
  }

  async read(): Promise<TypedArray> {
    this.check()
    this.memory.retain()
    try {
      const buffer = await this.owner.library.slots.use(() => this.#storage.read(this.#bytes))
      this.owner.checkDevice()
      return new DTYPES[this.dtype].array(buffer, 0, this.size)
    } finally {
      this.memory.release()
    }
  }

  input(): Tensor {
    return this.#over(this.#storage.buffer)
  }

  /** WebGPU lets no shader read and write one buffer: a run with it as input writes to another. */
  output(inputs: readonly WebTensor[]): Place {
    const storage = this.#storage
    const isRead = inputs.some((input) => input instanceof GpuTensor && input.#storage === storage)
    if (!isRead) return { tensor: this.input(), keep: () => {} }
    const buffer = storage.spare()
    return { tensor: this.#over(buffer), keep: () => storage.replace(buffer) }
  }

  protected free(): void {
    this.#storage.release()
  }

  get #bytes(): number {
    return this.size * DTYPES[this.dtype].bytes
  }

  #over(buffer: GPUBuffer): Tensor {
    const dataType = this.dtype as Exclude<DType, 'int8'>
    return this.owner.library.ort.Tensor.fromGpuBuffer(buffer, { dataType, dims: this.shape })
  }
}
