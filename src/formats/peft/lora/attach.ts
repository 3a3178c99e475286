import { linear, mul, slice, type Tensor } from '../../../graph/index.ts'
import { dropped } from '../../../nn/index.ts'
import type { Adaptable } from './adaptable.ts'

/** An update of a matrix (out, in) by two thin ones. */
export interface LowRank {
  /** A, (rank, in). */
  down: Tensor
  /** B, (out, rank). */
  up: Tensor
  /** Factor on B A. */
  scale?: number
  /** Rate of dropout on x. */
  dropout?: number
}

/**
 * y = W x + scale B A x (Hu et al. 2022, equation 3): graphs that are made from now on have the
 * update in each layer of `target`.
 */
export function attach(target: Adaptable, { down, up, scale = 1, dropout = 0 }: LowRank): void {
  // Layers that the file has as one read one A x, and so drop the same of it.
  const read = new WeakMap<Tensor, Tensor>()
  let first = 0
  for (const { layer, outputs } of target.layers) {
    const rows = target.layers.length === 1 ? up : slice(up, 0, first, first + outputs)
    layer.adapt((x, context) => {
      const low = read.get(x) ?? linear(dropped(x, dropout, context), down)
      read.set(x, low)
      const y = linear(low, rows)
      return scale === 1 ? y : mul(y, scale)
    })
    first += outputs
  }
}
