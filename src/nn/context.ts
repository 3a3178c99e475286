import { dropout, type RandomKey, type Shape, type Tensor } from '../graph/index.ts'
import type { AttentionStep } from './attention.ts'

/** What the layers of one forward pass share, besides their input. */
export interface Context {
  /** Rotary positions; layers with a window have their own where they differ. */
  rotary?: RotaryTables
  windowRotary?: RotaryTables
  /**
   * Added to attention scores, (B, 1, T, S) or less: hides what a position must not see (padding,
   * other conversations). Where lengths are open, it also hides what comes later.
   */
  attentionBias?: Tensor
  /** In its place in layers with a window, where lengths are open. */
  windowBias?: Tensor
  /** Added to attention scores, (1 or B, H, T, S): relative positions. */
  positionBias?: Tensor
  /** What cross-attention reads. */
  source?: Source
  /** Draws for dropout; without it nothing is dropped (evaluation). */
  random?: RandomSource
  /** Earlier keys and values. */
  cache?: KeyValueCaching
  /** Receives intermediate tensors by path, for explanation and tests. */
  observe?: (path: string, value: Tensor) => void
  /** Losses of the layers' own, such as the balance of experts. */
  losses?: Tensor[]
}

/** Which layers turn by them: all, or those with a window where they have their own. */
export type RotaryName = 'rotary' | 'windowRotary'

/**
 * Cosines and sines: (T, D/2), or (B, 1, T, D/2) where sequences differ; with a cache, from place 0
 * on.
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

/** Keys and values of earlier tokens: how attention layers, in their order, use and extend them. */
export interface KeyValueCaching {
  /** It turns queries and keys by their places itself, and knows what comes before what. */
  readonly knowsPlaces: boolean
  /** The rotary tables that it turns by, (places, half) each; without it, those of all places. */
  rotary?(name: RotaryName, half: number): RotaryTables
  /** Attention of this step's tokens to all so far: (B, T, heads headDim). */
  attend(step: AttentionStep): Tensor
  /** For decoders with cross-attention: what the next such layer reads. */
  source?(): SourceKeys
}

/** Keys and values of a source, (B, K, S, D) each; `bias` (B, 1, 1, S) hides its padding. */
export interface SourceKeys {
  keys: Tensor
  values: Tensor
  bias?: Tensor
}

/** Drops elements of x at `rate` in training; `shape` as for `dropout` of the graph. */
export const dropped = (x: Tensor, rate: number, context: Context, shape?: Shape): Tensor =>
  context.random && rate > 0 ? dropout(x, rate, context.random.next(), shape) : x
