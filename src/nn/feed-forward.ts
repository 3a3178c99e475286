import { gelu, geluTanh, mul, relu, silu, type Tensor, tanh } from '../graph/index.ts'
import { type Context, dropped } from './context.ts'
import type { Initializer } from './initializers.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'

export const ACTIVATIONS = { gelu, gelu_tanh: geluTanh, relu, silu, tanh }

export type Activation = keyof typeof ACTIVATIONS

export interface FeedForwardOptions {
  dim: number
  hiddenDim: number
  activation: Activation
  /** With a gate; SwiGLU where the activation is SiLU (Shazeer 2020). */
  gated: boolean
  bias: boolean
  /** Rate of dropout on what the activation gives. */
  dropout?: number
  /** Of the projection back into the residual stream. */
  outputInitializer: Initializer
}

/** Position-wise feed-forward network (Vaswani et al. 2017). x: (..., C) -> (..., C). */
export class FeedForward extends Module {
  readonly gateProj: Linear | undefined
  readonly upProj: Linear
  readonly downProj: Linear
  readonly #options: FeedForwardOptions

  constructor(options: FeedForwardOptions) {
    super()
    const { dim, hiddenDim, gated, bias, outputInitializer } = options
    this.gateProj = gated ? new Linear(dim, hiddenDim, { bias }) : undefined
    this.upProj = new Linear(dim, hiddenDim, { bias })
    this.downProj = new Linear(hiddenDim, dim, { bias, initializer: outputInitializer })
    this.#options = options
  }

  forward(x: Tensor, context: Context = {}): Tensor {
    const { activation, dropout = 0 } = this.#options
    const activate = ACTIVATIONS[activation]
    const up = this.upProj.forward(x, context)
    const activated = this.gateProj
      ? mul(activate(this.gateProj.forward(x, context)), up)
      : activate(up)
    const hidden = this.tap(context, 'hidden', activated)
    const out = this.downProj.forward(dropped(hidden, dropout, context), context)
    return this.tap(context, 'out', out)
  }
}
