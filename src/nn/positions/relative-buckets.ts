import {
  add,
  constant,
  gather,
  maximum,
  minimum,
  type Tensor,
  transpose,
} from '../../graph/index.ts'
import { normal } from '../initializers.ts'
import { Module, Parameter } from '../module.ts'

export interface BucketOptions {
  /** Numbers that are learned for each head. */
  count: number
  /** Distance from which on all are in one bucket. */
  maxDistance: number
  /** Keys after the query have buckets of their own; without it they share that of distance 0. */
  bidirectional: boolean
}

/**
 * The bucket of a distance, the key's position less the query's (Raffel et al. 2020): near
 * ones have one each, those further away share logarithmically wider ones.
 */
export function relativeBucket(distance: number, options: BucketOptions): number {
  const { maxDistance, bidirectional } = options
  const count = bidirectional ? options.count / 2 : options.count
  const start = bidirectional && distance > 0 ? count : 0
  const apart = bidirectional ? Math.abs(distance) : Math.max(0, -distance)
  const exact = Math.floor(count / 2)
  if (apart < exact) return start + apart
  // In float32, as those that trained such models have it: it matters at the borders.
  const ratio = Math.fround(Math.log(apart / exact)) / Math.log(maxDistance / exact)
  const wide = Math.floor(Math.fround(Math.fround(ratio) * (count - exact)))
  return start + Math.min(exact + wide, count - 1)
}

/** A learned number for each bucket and head, added to attention scores (Raffel et al. 2020). */
export class RelativeBias extends Module {
  /** (count, heads) */
  readonly weight: Parameter
  readonly #options: BucketOptions

  constructor(heads: number, options: BucketOptions) {
    super()
    this.weight = new Parameter([options.count, heads], normal(0.02))
    this.#options = options
  }

  /** distances: (B, T, S) int32, the key's position less the query's -> (B, H, T, S). */
  forward(distances: Tensor): Tensor {
    const { maxDistance } = this.#options
    const table = Array.from({ length: 2 * maxDistance + 1 }, (_, i) =>
      relativeBucket(i - maxDistance, this.#options),
    )
    const bounded = minimum(maximum(distances, -maxDistance), maxDistance)
    const buckets = gather(constant(table, [table.length], 'int32'), add(bounded, maxDistance))
    return transpose(gather(this.weight.tensor, buckets), [0, 3, 1, 2])
  }
}
