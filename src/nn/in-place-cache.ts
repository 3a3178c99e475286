import {
  type CachedStep,
  type CacheLengths,
  cachedAttention,
  cachedHeadDim,
  input,
  type Tensor,
} from '../graph/index.ts'
import type { AttentionStep } from './attention.ts'
import type { KeyValueCaching, RotaryName, RotaryTables, SourceKeys } from './context.ts'

/**
 * A cache of a fixed capacity that each step fills in place. Its inputs are `cache.{layer}.keys`
 * and `.values`, (batch, kvHeads, capacity, cachedHeadDim); where positions are rotations
 * `rotary.cos` and `.sin`, (places, headDim / 2), for no fewer places than there are tokens, and
 * the like of `windowRotary`; of a source, `source.{layer}.keys` and `.values`, (batch, kvHeads,
 * source, headDim), and `source.bias`, (batch, 1, 1, source).
 */
export class InPlaceCache implements KeyValueCaching {
  readonly knowsPlaces = true
  /** What each attention layer made of the cache, in their order. */
  readonly layers: CachedStep[] = []
  readonly #lengths: CacheLengths
  readonly #sourceHeads: { kvHeads: number; headDim: number } | undefined
  #sources = 0

  /** `sourceHeads`: those of cross-attention, where there is any. */
  constructor(lengths: CacheLengths, sourceHeads?: { kvHeads: number; headDim: number }) {
    this.#lengths = lengths
    this.#sourceHeads = sourceHeads
  }

  rotary(name: RotaryName, half: number): RotaryTables {
    const table = (part: 'cos' | 'sin') => input(`${name}.${part}`, 'float32', ['places', half])
    return { cos: table('cos'), sin: table('sin') }
  }

  attend(step: AttentionStep): Tensor {
    const { q, k, v, kvHeads, headDim, rotary } = step
    const shape = ['batch', kvHeads, 'capacity', cachedHeadDim(headDim, rotary !== undefined)]
    const path = `cache.${this.layers.length}`
    const past = {
      keys: input(`${path}.keys`, 'float32', shape),
      values: input(`${path}.values`, 'float32', shape),
    }
    const result = cachedAttention(q, k, v, past, this.#lengths, step)
    this.layers.push(result)
    return result.output
  }

  source(): SourceKeys {
    if (!this.#sourceHeads) throw new Error('this cache was made for no source')
    const { kvHeads, headDim } = this.#sourceHeads
    const path = `source.${this.#sources++}`
    const of = (name: string) =>
      input(`${path}.${name}`, 'float32', ['batch', kvHeads, 'source', headDim])
    const bias = input('source.bias', 'float32', ['batch', 1, 1, 'source'])
    return { keys: of('keys'), values: of('values'), bias }
  }
}
