import { gelu, geluTanh, mul, relu, silu, type Tensor } from '../graph/index.ts'
import type { Initializer } from './initializers.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'

export const ACTIVATIONS = { gelu, gelu_tanh: geluTanh, relu, silu }

export type Activation = keyof typeof ACTIVATIONS

export interface FeedForwardOptions {
  dim: number
  hiddenDim: number
  activation: Activation
  bias: boolean
  /** Of the projection back into the residual stream. */
  outputInitializer: Initializer
}

/** Position-wise feed-forward network (Vaswani et al. 2017). x: (..., C) -> (..., C). */
export class FeedForward extends Module {
  readonly upProj: Linear
  readonly downProj: Linear
  readonly #activation: Activation

  constructor({ dim, hiddenDim, activation, bias, outputInitializer }: FeedForwardOptions) {
    super()
    this.upProj = new Linear(dim, hiddenDim, { bias })
    this.downProj = new Linear(hiddenDim, dim, { bias, initializer: outputInitializer })
    this.#activation = activation
  }

  forward(x: Tensor): Tensor {
    return this.downProj.forward(ACTIVATIONS[this.#activation](this.upProj.forward(x)))
  }
}

/** Feed-forward with a gate; SwiGLU where the activation is SiLU (Shazeer 2020). */
export class GatedFeedForward extends Module {
  readonly gateProj: Linear
  readonly upProj: Linear
  readonly downProj: Linear
  readonly #activation: Activation

  constructor({ dim, hiddenDim, activation, bias, outputInitializer }: FeedForwardOptions) {
    super()
    this.gateProj = new Linear(dim, hiddenDim, { bias })
    this.upProj = new Linear(dim, hiddenDim, { bias })
    this.downProj = new Linear(hiddenDim, dim, { bias, initializer: outputInitializer })
    this.#activation = activation
  }

  forward(x: Tensor): Tensor {
    const gate = ACTIVATIONS[this.#activation](this.gateProj.forward(x))
    return this.downProj.forward(mul(gate, this.upProj.forward(x)))
  }
}
