import {
  add,
  type BlockFormat,
  blockShapes,
  input,
  linear,
  quantizedMatmul,
  type Tensor,
} from '../graph/index.ts'
import type { Context } from './context.ts'
import { type Initializer, lecunNormal, zeros } from './initializers.ts'
import { Module, Parameter } from './module.ts'

export interface LinearOptions {
  bias?: boolean
  initializer?: Initializer
}

/** What an adapter adds to a layer's output. x: (..., in) -> (..., out). */
export type Update = (x: Tensor, context: Context) => Tensor

/** y = x Wᵀ + b. x: (..., in) -> (..., out). */
export class Linear extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined
  #update: Update | undefined
  #quantized: BlockFormat | undefined

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super()
    const { bias = false, initializer = lecunNormal() } = options
    this.weight = new Parameter([outputs, inputs], initializer)
    this.bias = bias ? new Parameter([outputs], zeros) : undefined
  }

  /** Graphs that are made from now on add `update` to what the layer gives; undefined: nothing. */
  adapt(update: Update | undefined): void {
    this.#update = update
  }

  /**
   * Graphs that are made from now on read the weight in blocks of whole numbers, from the inputs
   * `NAME.blocks` and `NAME.scales` in place of the parameter's NAME.
   */
  quantize({ bits, blockSize }: Pick<BlockFormat, 'bits' | 'blockSize'>): void {
    const [rows, columns] = this.weight.shape as [number, number]
    this.#quantized = { bits, blockSize, rows, columns }
  }

  forward(x: Tensor, context: Context = {}): Tensor {
    const y = this.#product(x)
    return this.#update ? add(y, this.#update(x, context)) : y
  }

  #product(x: Tensor): Tensor {
    const format = this.#quantized
    if (!format) return linear(x, this.weight.tensor, this.bias?.tensor)
    const { name } = this.weight.tensor.node.attrs as { name: string }
    const { blocks, scales } = blockShapes(format)
    const y = quantizedMatmul(
      x,
      input(`${name}.blocks`, 'uint8', blocks),
      input(`${name}.scales`, 'float32', scales),
      format,
    )
    return this.bias ? add(y, this.bias.tensor) : y
  }
}
