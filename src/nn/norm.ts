import { layerNorm, rmsNorm, type Tensor } from '../graph/index.ts'
import { ones, zeros } from './initializers.ts'
import { Module, Parameter } from './module.ts'

/** Layer normalization (Ba, Kiros & Hinton 2016). x: (..., C) -> (..., C). */
export class LayerNorm extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | undefined
  readonly #epsilon: number

  constructor(dim: number, { epsilon = 1e-5, bias = true } = {}) {
    super()
    this.weight = new Parameter([dim], ones)
    this.bias = bias ? new Parameter([dim], zeros) : undefined
    this.#epsilon = epsilon
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight.tensor, this.bias?.tensor, this.#epsilon)
  }
}

/** Root-mean-square normalization (Zhang & Sennrich 2019). x: (..., C) -> (..., C). */
export class RMSNorm extends Module {
  readonly weight: Parameter
  readonly #epsilon: number

  constructor(dim: number, { epsilon = 1e-5 } = {}) {
    super()
    this.weight = new Parameter([dim], ones)
    this.#epsilon = epsilon
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight.tensor, this.#epsilon)
  }
}

export type Norm = LayerNorm | RMSNorm

export type NormKind = 'layer' | 'rms' | 'none'

export interface NormOptions {
  kind: NormKind
  epsilon: number
  bias: boolean
}

/** Undefined where nothing is normalized. */
export function createNorm(dim: number, { kind, epsilon, bias }: NormOptions): Norm | undefined {
  if (kind === 'none') return undefined
  return kind === 'layer' ? new LayerNorm(dim, { epsilon, bias }) : new RMSNorm(dim, { epsilon })
}
