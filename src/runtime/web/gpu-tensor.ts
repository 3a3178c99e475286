import type { Tensor } from 'onnxruntime-web'
import { DTYPES, type DType, type TypedArray } from '../../graph/dtype.ts'
import { checkValues } from '../check.ts'
import { type GpuHeap, GpuMemory } from './gpu-memory.ts'
import { type OutputTarget, type Owner, WebTensor } from './tensor.ts'

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
    this.checkWhole(offset, shape)
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
      const buffer = await this.owner.slots.use(() => this.#storage.read(this.#bytes))
      this.owner.checkDevice()
      return new DTYPES[this.dtype].array(buffer, 0, this.size)
    } finally {
      this.memory.release()
    }
  }

  input(): Tensor {
    return this.#over(this.#storage.buffer)
  }

  /** No WebGPU shader may read and write one buffer: a run that reads it writes to another. */
  output(inputs: readonly WebTensor[]): OutputTarget {
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
