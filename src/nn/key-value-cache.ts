import {
  type CachedAttentionOptions,
  type CachedStep,
  type CacheLengths,
  cachedAttention,
  cachedHeadDim,
  concat,
  input,
  type Shape,
  type Tensor,
} from '../graph/index.ts'
import type { RotaryName, RotaryTables } from './context.ts'

/** Keys and values of a layer, (B, kvHeads, S, headDim) each. */
export interface KeysAndValues {
  keys: Tensor
  values: Tensor
}

/** Those of a source; `bias` (B, 1, 1, S) hides its padding. */
export interface SourceKeys extends KeysAndValues {
  bias?: Tensor
}

/** Keys and values of earlier tokens: attention layers use and extend them, in their order. */
export type KeyValueCache = InPlaceCache | GrowingCache

/**
 * A cache of a fixed capacity that each step fills in place, in one kernel that is causal and turns
 * queries and keys itself. Its inputs are `cache.{layer}.keys` and `.values`, (batch, kvHeads,
 * capacity, cachedHeadDim); where positions are rotations `rotary.cos` and `.sin`, (places,
 * headDim / 2), for no fewer positions than there are tokens, and the like of `windowRotary`; of a
 * source, `source.{layer}.keys` and `.values`, (batch, kvHeads, source, headDim), and
 * `source.bias`, (batch, 1, 1, source).
 */
export class InPlaceCache {
  /** What each attention layer made of the cache, in their order. */
  readonly layers: CachedStep[] = []
  readonly #lengths: CacheLengths
  readonly #sourceHeads: { kvHeads: number; headDim: number } | undefined
  readonly #rotary = new Map<RotaryName, RotaryTables>()
  #bias: Tensor | undefined
  #sources = 0

  /** `sourceHeads`: those of cross-attention, where there is any. */
  constructor(lengths: CacheLengths, sourceHeads?: { kvHeads: number; headDim: number }) {
    this.#lengths = lengths
    this.#sourceHeads = sourceHeads
  }

  /** The tables that it turns by, (places, half) each. */
  rotary(name: RotaryName, half: number): RotaryTables {
    const table = (part: 'cos' | 'sin') => input(`${name}.${part}`, 'float32', ['places', half])
    const tables = this.#rotary.get(name) ?? { cos: table('cos'), sin: table('sin') }
    this.#rotary.set(name, tables)
    return tables
  }

  /** Attention of this step's tokens to all so far; q, k, v: (B, T, heads headDim). */
  attend(q: Tensor, k: Tensor, v: Tensor, options: CachedAttentionOptions): Tensor {
    const { kvHeads, headDim, rotary } = options
    const shape = ['batch', kvHeads, 'capacity', cachedHeadDim(headDim, rotary !== undefined)]
    const past = keysAndValues(`cache.${this.layers.length}`, shape)
    const result = cachedAttention(q, k, v, past, this.#lengths, options)
    this.layers.push(result)
    return result.output
  }

  /** What the next layer of cross-attention reads. */
  source(): SourceKeys {
    if (!this.#sourceHeads) throw new Error('this cache was made for no source')
    const { kvHeads, headDim } = this.#sourceHeads
    const shape = ['batch', kvHeads, 'source', headDim]
    this.#bias ??= input('source.bias', 'float32', ['batch', 1, 1, 'source'])
    return { ...keysAndValues(`source.${this.#sources++}`, shape), bias: this.#bias }
  }
}

const keysAndValues = (path: string, shape: Shape): KeysAndValues => ({
  keys: input(`${path}.keys`, 'float32', shape),
  values: input(`${path}.values`, 'float32', shape),
})

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
 * than `InPlaceCache`, but of plain products only. It must be told which position each key has, by
 * `positions` and `keyPositions`, and a bias must hide padding.
 */
export class GrowingCache {
  /** Of all tokens so far, for each layer that has attended. */
  readonly layers: KeysAndValues[] = []
  readonly #options: GrowingCacheOptions
  #sources = 0

  constructor(options: GrowingCacheOptions) {
    this.#options = options
  }

  /** This step's keys, turned already, and values, behind those of all tokens before. */
  extend({ keys, values }: KeysAndValues): KeysAndValues {
    const { past, total } = this.#options
    const before = past(this.layers.length)
    const all = {
      keys: concat([before.keys, keys], 2, total),
      values: concat([before.values, values], 2, total),
    }
    this.layers.push(all)
    return all
  }

  source(): SourceKeys {
    const source = this.#options.sources?.[this.#sources++]
    if (!source) throw new Error('this cache was made for no source')
    return source
  }
}
