import { gather, type Tensor } from '../graph/index.ts'
import { type Initializer, lecunNormal } from './initializers.ts'
import { Module, Parameter } from './module.ts'

/** A row for each token or position. indices: (...) -> (..., C). */
export class Embedding extends Module {
  readonly weight: Parameter

  constructor(count: number, dim: number, initializer: Initializer = lecunNormal()) {
    super()
    this.weight = new Parameter([count, dim], initializer)
  }

  forward(indices: Tensor): Tensor {
    return gather(this.weight.tensor, indices)
  }
}
