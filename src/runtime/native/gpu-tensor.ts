import type { Pointer } from '../../files/koffi.ts'
import { sizeOf } from '../../graph/dim.ts'
import { DTYPES, type DType, type TypedArray } from '../../graph/dtype.ts'
import { checkShape, checkValues } from '../check.ts'
import { createValue } from './environment.ts'
import { GpuMemory, type GpuOwner } from './gpu-memory.ts'
import { NativeTensor } from './tensor.ts'

/** A tensor in the memory of a GPU. */
export class GpuTensor extends NativeTensor<GpuMemory> {
  declare readonly owner: GpuOwner
  readonly data = undefined

  static zeros(owner: GpuOwner, dtype: DType, shape: readonly number[]): GpuTensor {
    checkShape(shape)
    return new GpuTensor(owner, dtype, shape, new GpuMemory(owner, dtype, sizeOf(shape)))
  }

  protected createValue(): Pointer {
    const { owner, dtype, shape, size } = this
    const bytes = size * DTYPES[dtype].bytes
    return createValue(owner, dtype, shape, this.storage.address, bytes, owner.deviceMemory)
  }

  slice(offset: number, shape: readonly number[]): GpuTensor {
    this.checkWhole(offset, shape)
    this.storage.retain()
    return new GpuTensor(this.owner, this.dtype, shape, this.storage)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    this.storage.write(checkValues(this, values).slice())
  }

  override upload(): void {
    this.storage.upload()
  }

  /** Copies to the host, once the device has done all its work; call in turn. */
  download(): TypedArray {
    return this.storage.download()
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
}
