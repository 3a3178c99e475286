import {
  add,
  type BlockFormat,
  blockShapes,
  dequantize,
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

/** y = x Wᵀ + b. x: (..., in) -> (..., out). */
export class Linear extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined
  #quantized: { blocks: Tensor; scales: Tensor; format: BlockFormat } | undefined

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super()
    const { bias = false, initializer = lecunNormal() } = options
    this.weight = new Parameter([outputs, inputs], initializer)
    this.bias = bias ? new Parameter([outputs], zeros) : undefined
  }

  /**
   * Graphs that are made from now on read the weight in blocks of whole numbers, from the inputs
   * `NAME.blocks` and `NAME.scales` in place of the parameter's NAME.
   */
  quantize({ bits, blockSize }: Pick<BlockFormat, 'bits' | 'blockSize'>): void {
    const [rows, columns] = this.weight.shape as [number, number]
    const format = { bits, blockSize, rows, columns }
    const shapes = blockShapes(format)
    this.#quantized = {
      blocks: input(`${this.weight.name}.blocks`, 'uint8', shapes.blocks),
      scales: input(`${this.weight.name}.scales`, 'float32', shapes.scales),
      format,
    }
  }

  forward(x: Tensor, context: Context = {}): Tensor {
    return this.tap(context, '', this.#product(x, context), x)
  }

  #product(x: Tensor, context: Context): Tensor {
    const bias = this.bias?.tensor
    if (!this.#quantized) return linear(x, this.tap(context, 'weight', this.weight.tensor), bias)
    const { blocks, scales, format } = this.#quantized
    const matrix = dequantize(blocks, scales, format)
    const tapped = this.tap(context, 'weight', matrix)
    if (tapped !== matrix) return linear(x, tapped, bias)
    const y = quantizedMatmul(x, blocks, scales, format)
    return bias ? add(y, bias) : y
  }
}
