import { build, get, getBroadcast, type NdArray, sumOf } from './array.ts'
import type { Evaluate } from './evaluate.ts'

interface Attrs {
  heads: number
  kvHeads: number
  headDim: number
  rotary: boolean
  scale: number
  softcap: number
  window: number
  biased: boolean
  sinks: boolean
}

/**
 * Outputs: the mixed values, and the caches with this step's keys and values at their positions.
 * What comes after them may be anything: NaN.
 */
export const cachedAttention: Evaluate = (inputs, { attrs }) => {
  const [q, k, v, pastKeys, pastValues, last] = inputs as NdArray[]
  if (!q || !k || !v || !pastKeys || !pastValues || !last) throw new Error('inputs are missing')
  const { heads, kvHeads, headDim, rotary, scale, softcap, window, biased } = attrs as Attrs
  const optional = inputs.slice(7)
  const next = (given: boolean) => (given ? optional.shift() : undefined)
  const [cos, sin, bias] = [next(rotary), next(rotary), next(biased)]
  const [sinks] = optional
  const length = q.shape[1] as number
  /** Place of this step's i-th token in the sequence of sample b. */
  const place = (b: number, i: number) => get(last, [b]) + 1 - length + i
  /** Element of a token's head, turned by the token's place: element e with e + headDim / 2. */
  const turned = (x: NdArray, b: number, i: number, head: number, e: number): number => {
    const at = (element: number) => get(x, [b, i, head * headDim + element])
    if (!rotary || !cos || !sin) return at(e)
    const half = headDim / 2
    const angle = [place(b, i), e % half]
    const [c, s] = [get(cos, angle), get(sin, angle)]
    return e < half ? at(e) * c - at(e + half) * s : at(e) * c + at(e - half) * s
  }
  const cache = (
    past: NdArray,
    present: (b: number, i: number, head: number, e: number) => number,
  ) =>
    build(past.shape, (index) => {
      const [b, head, at, e] = index as [number, number, number, number]
      const i = at - place(b, 0)
      if (i < 0) return get(past, index)
      return i < length ? present(b, i, head, e) : Number.NaN
    })
  const keys = cache(pastKeys, (b, i, head, e) => turned(k, b, i, head, e))
  const values = cache(pastValues, (b, i, head, e) => get(v, [b, i, head * headDim + e]))
  const mixed = build(q.shape, (index) => {
    const [b, i, column] = index as [number, number, number]
    const head = Math.floor(column / headDim)
    const group = Math.floor(head / (heads / kvHeads))
    const elements = Array.from({ length: headDim }, (_, e) => e)
    const weights = Array.from({ length: place(b, i) + 1 }, (_, at) => {
      if (window > 0 && place(b, i) - at >= window) return 0
      const products = elements.map((e) => turned(q, b, i, head, e) * get(keys, [b, group, at, e]))
      const score = scale * sumOf(products)
      const capped = softcap > 0 ? softcap * Math.tanh(score / softcap) : score
      return Math.exp(capped + (bias ? getBroadcast(bias, [b, head, i, at]) : 0))
    })
    const terms = weights.map((w, at) => w * get(values, [b, group, at, column % headDim]))
    return sumOf(terms) / (sumOf(weights) + (sinks ? Math.exp(get(sinks, [head])) : 0))
  })
  return [mixed, keys, values]
}
