import type { Tensor } from 'onnxruntime-web'
import { formatShape, sizeOf } from '../../graph/dim.ts'
import { type DType, type TypedArray, zeros } from '../../graph/dtype.ts'
import { checkShape, checkValues, describe } from '../check.ts'
import { type Owner, type Place, WebTensor } from './tensor.ts'

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
    this.check()
    checkShape(shape)
    const size = sizeOf(shape)
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + size > this.size)
      throw new RangeError(
        `a slice ${formatShape(shape)} at ${offset} is outside tensor ${describe(this)}`,
      )
    const values = this.#values.subarray(offset, offset + size)
    return new HostTensor(this.owner, this.dtype, shape, values)
  }

  write(values: TypedArray | readonly number[]): void {
    this.check()
    this.#copy(checkValues(this, values))
  }

  async read(): Promise<TypedArray> {
    this.check()
    const values = this.#values
    return this.owner.library.slots.use(async () => values.slice())
  }

  input(): Tensor {
    return new this.owner.library.ort.Tensor(this.dtype, this.#values, this.shape)
  }

  output(): Place {
    return {
      tensor: null,
      keep: ({ data, dims }) => {
        if (String(dims) !== String(this.shape))
          throw new Error(`output ${describe(this)} came out as ${this.dtype} ${formatShape(dims)}`)
        this.#copy(data as TypedArray)
      },
    }
  }

  protected free(): void {
    this.#values = zeros(this.dtype, 0)
  }

  /** Copies from an array of as many bytes. */
  #copy(source: TypedArray): void {
    bytesOf(this.#values).set(bytesOf(source))
  }
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array<ArrayBuffer> =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
