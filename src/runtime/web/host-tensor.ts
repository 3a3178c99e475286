import type { Tensor } from 'onnxruntime-web'
import { formatShape, sizeOf } from '../../graph/dim.ts'
import { type DType, type TypedArray, zeros } from '../../graph/dtype.ts'
import { copyElements } from '../base-tensor.ts'
import { checkValues, describe } from '../check.ts'
import { type OutputTarget, type Owner, WebTensor } from './tensor.ts'

/** A typed array of JavaScript's. Runs copy it into WebAssembly's memory, and results back. */
export class HostTensor extends WebTensor {
  #values: TypedArray

  constructor(owner: Owner, dtype: DType, shape: readonly number[], values?: TypedArray) {
    super(owner, dtype, shape)
    this.#values = values ?? zeros(dtype, this.size)
  }

  get data(): TypedArray {
    return this.isDisposed ? zeros(this.dtype, 0) : this.#values
  }

  slice(offset: number, shape: readonly number[]): HostTensor {
    this.checkSlice(offset, shape)
    const values = this.#values.subarray(offset, offset + sizeOf(shape))
    return new HostTensor(this.owner, this.dtype, shape, values)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    copyElements(this.#values, checkValues(this, values))
  }

  async read(): Promise<TypedArray> {
    this.check()
    const values = this.#values
    return this.owner.slots.use(async () => values.slice())
  }

  input(): Tensor {
    return new this.owner.library.ort.Tensor(this.dtype, this.#values, this.shape)
  }

  output(): OutputTarget {
    return {
      tensor: null,
      keep: ({ data, dims }) => {
        if (String(dims) !== String(this.shape))
          throw new Error(`output ${describe(this)} came out as ${this.dtype} ${formatShape(dims)}`)
        copyElements(this.#values, data as TypedArray)
      },
    }
  }

  protected free(): void {
    this.#values = zeros(this.dtype, 0)
  }
}
