import { add, linear, mul, slice, type Tensor } from '../../../graph/index.ts'
import { dropped, type Linear, type Tap } from '../../../nn/index.ts'
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
 * update in each layer of `target`, until what is returned is called.
 */
export function attach(
  target: Adaptable,
  { down, up, scale = 1, dropout = 0 }: LowRank,
): () => void {
  // Layers that the file has as one read one A x, and so drop the same of it.
  const read = new WeakMap<Tensor, Tensor>()
  const taps: [Linear, Tap][] = []
  let first = 0
  for (const { layer, outputs } of target.layers) {
    const rows = target.layers.length === 1 ? up : slice(up, 0, first, first + outputs)
    const tap: Tap = (_, y, { x, context }) => {
      if (!x) return y
      const low = read.get(x) ?? linear(dropped(x, dropout, context), down)
      read.set(x, low)
      const update = linear(low, rows)
      return add(y, scale === 1 ? update : mul(update, scale))
    }
    layer.taps.add(tap)
    taps.push([layer, tap])
    first += outputs
  }
  return () => {
    for (const [layer, tap] of taps) layer.taps.delete(tap)
  }
}
