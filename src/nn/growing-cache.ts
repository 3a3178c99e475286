import { attention, concat, rotary, type Tensor } from '../graph/index.ts'
import { type AttentionStep, byHead, joined } from './attention.ts'
import type { KeyValueCaching, SourceKeys } from './context.ts'

/** Keys and values of a layer, (B, kvHeads, S, headDim) each. */
export interface KeysAndValues {
  keys: Tensor
  values: Tensor
}

export interface GrowingCacheOptions {
  /** What a layer has of the tokens before. */
  past: (layer: number) => KeysAndValues
  /** Name of the size that past and new tokens have together. */
  total: string
  /** For decoders with cross-attention: what each layer reads, in their order. */
  sources?: readonly SourceKeys[]
}

/**
 * A cache that each step makes anew: its keys and values behind those of the tokens before. Slower
 * than
 * `InPlaceCache`, but of plain products only. What is before what must be told: by `positions`,
 * `keyPositions`, and a bias that hides padding.
 */
export class GrowingCache implements KeyValueCaching {
  readonly knowsPlaces = false
  /** Of all tokens so far, for each layer that has attended. */
  readonly layers: KeysAndValues[] = []
  readonly #options: GrowingCacheOptions
  #sources = 0

  constructor(options: GrowingCacheOptions) {
    this.#options = options
  }

  attend({ q, k, v, heads, kvHeads, headDim, rotary: tables, ...rest }: AttentionStep): Tensor {
    const { past, total } = this.#options
    const before = past(this.layers.length)
    const shape = q.shape.slice(0, 2)
    const turned = (x: Tensor, count: number) => {
      const split = byHead(x, shape, count, headDim)
      return tables ? rotary(split, tables.cos, tables.sin) : split
    }
    const keys = concat([before.keys, turned(k, kvHeads)], 2, total)
    const values = concat([before.values, byHead(v, shape, kvHeads, headDim)], 2, total)
    this.layers.push({ keys, values })
    const { scale, softcap, sinks, bias } = rest
    return joined(attention(turned(q, heads), keys, values, { scale, softcap, sinks, bias }), q)
  }

  source(): SourceKeys {
    const source = this.#options.sources?.[this.#sources++]
    if (!source) throw new Error('this cache was made for no source')
    return source
  }
}
