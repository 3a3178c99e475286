import { linear, type Tensor } from '../graph/index.ts'
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

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super()
    const { bias = false, initializer = lecunNormal() } = options
    this.weight = new Parameter([outputs, inputs], initializer)
    this.bias = bias ? new Parameter([outputs], zeros) : undefined
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight.tensor, this.bias?.tensor)
  }
}
