import { dropout, type RandomKey, type Shape, type Tensor } from '../graph/index.ts'
import type { KeyValueCache } from './key-value-cache.ts'
import type { Tap } from './taps.ts'

/** What the layers of one forward pass share, besides their input. */
export interface Context {
  /** Rotary positions; layers with a window have their own where they differ. */
  rotary?: RotaryTables
  windowRotary?: RotaryTables
  /** Added to attention scores, (B, 1, T, S) or less: hides padding or other conversations. */
  attentionBias?: Tensor
  /** Added to attention scores, (1 or B, H, T, S): relative positions. */
  positionBias?: Tensor
  /** (1 or B, 1, T, S): position of the key less that of the query, where lengths are dynamic. */
  distances?: Tensor
  /** What cross-attention reads. */
  source?: Source
  /** Draws for dropout; without it nothing is dropped (evaluation). */
  random?: RandomSource
  /** A backward pass computes each layer's activations anew, rather than keep them until then. */
  recompute?: boolean
  /** Earlier keys and values. */
  cache?: KeyValueCache
  /** Sees, and may replace, activations: see `Activations`. */
  tap?: Tap
  /** Losses of the layers' own, such as the balance of experts. */
  losses?: Tensor[]
}

/** Which layers turn by them: all, or those with a window where they have their own. */
export type RotaryName = 'rotary' | 'windowRotary'

/**
 * Cosines and sines: (T, D/2), or (B, 1, T, D/2) where sequences differ; with a cache, from
 * position 0 on.
 */
export interface RotaryTables {
  cos: Tensor
  sin: Tensor
}

/** Another sequence, (B, S), encoded. */
export interface Source {
  /** (B S, C) where shapes are fixed, else (B, S, C). */
  hidden: Tensor
  shape: Shape
  /** (B, 1, 1, S): hides its padding. */
  bias?: Tensor
}

/** Keys for dropout: each use takes the next number, so that no two draw alike. */
export class RandomSource {
  readonly #key: Tensor
  #position = 0

  constructor(key: Tensor) {
    this.#key = key
  }

  next(): RandomKey {
    return { key: this.#key, position: this.#position++ }
  }
}

/** Drops elements of x at `rate` in training; `shape` as for `dropout` of the graph. */
export const dropped = (x: Tensor, rate: number, context: Context, shape?: Shape): Tensor =>
  context.random && rate > 0 ? dropout(x, rate, context.random.next(), shape) : x
