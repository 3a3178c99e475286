import {
  type CachedStep,
  type CacheLengths,
  dropout,
  type RandomKey,
  type Shape,
  type Tensor,
} from '../graph/index.ts'

/** What the layers of one forward pass share, besides their input. */
export interface Context {
  /**
   * Cosines and sines of rotary positions: (T, D/2), or (B, 1, T, D/2) where sequences differ; with
   * a cache (context, D/2).
   */
  rotary?: { cos: Tensor; sin: Tensor }
  /** Added to attention scores, (B, 1, T, T): hides what a position must not see. */
  attentionBias?: Tensor
  /** Draws for dropout; without it nothing is dropped (evaluation). */
  random?: RandomSource
  /** Cached keys and values; with it, shapes may have named dimensions. */
  cache?: CacheContext
  /** Receives intermediate tensors by path, for explanation and tests. */
  observe?: (path: string, value: Tensor) => void
}

/** Keys for dropout: each use takes the next place, so that no two draw alike. */
export class RandomSource {
  readonly #key: Tensor
  #place = 0

  constructor(key: Tensor) {
    this.#key = key
  }

  next(): RandomKey {
    return { key: this.#key, place: this.#place++ }
  }
}

/** Decoding with a cache; `layers` grows as attention layers use it. */
export interface CacheContext extends CacheLengths {
  layers: CachedStep[]
}

/** Drops elements of x at `rate` in training; `shape` as for `dropout` of the graph. */
export const dropped = (x: Tensor, rate: number, context: Context, shape?: Shape): Tensor =>
  context.random && rate > 0 ? dropout(x, rate, context.random.next(), shape) : x
