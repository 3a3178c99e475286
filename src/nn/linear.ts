import { add, linear, type Tensor } from '../graph/index.ts'
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

  forward(x: Tensor, context: Context = {}): Tensor {
    const y = linear(x, this.weight.tensor, this.bias?.tensor)
    return this.#update ? add(y, this.#update(x, context)) : y
  }
}
