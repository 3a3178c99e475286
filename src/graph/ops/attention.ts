import { isFixed, type Shape } from '../dim.ts'
import { at, ShapeError, type Tensor } from '../tensor.ts'
import { reshape, sum } from './broadcast.ts'
import { add, div, exp, maximum, mul, stopGradient, sub, tanh } from './elementwise.ts'
import { constant } from './leaf.ts'
import { matmul } from './matmul.ts'
import { max } from './reduce.ts'
import { softmax } from './softmax.ts'

export interface AttentionOptions {
  /** Position i sees positions 0 .. i only (the last query sees every key). Fixed lengths only. */
  causal?: boolean
  /**
   * Sliding window (Beltagy et al. 2020): a position sees only those less than so many places away,
   * before it and, where it is not causal, after it. Fixed lengths only.
   */
  window?: number
  /** Added to the scores; broadcasts to (B, H, T, S). Hidden places hold `HIDDEN`. */
  bias?: Tensor
  /** Factor on the scores; default 1 / sqrt(D). */
  scale?: number
  /** Keeps scores between -softcap and softcap: softcap tanh(score / softcap) (Gemma 2, 2024). */
  softcap?: number
  /**
   * (H): a score for each head of a place that is not there, which takes its share of the weight
   * (attention sinks, Xiao et al. 2024, learned as in gpt-oss).
   */
  sinks?: Tensor
  /** Applied to the attention weights (B, H, T, S), as dropout is. */
  weightsHook?: (weights: Tensor) => Tensor
}

/** Added to a score, it leaves no weight; finite, so that a row of nothing else has no NaN. */
export const HIDDEN = -1e30

/**
 * Scaled dot-product attention (Vaswani et al. 2017) with grouped queries (Ainslie et al. 2023).
 * q: (B, H, T, D); k, v: (B, K, S, D) with K dividing H -> (B, H, T, D).
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const sizes = [q, k].flatMap(({ shape: [, heads, , size] }) => [heads, size])
  if (q.rank !== 4 || k.rank !== 4 || v.rank !== 4 || sizes.some((n) => typeof n !== 'number'))
    throw new ShapeError('attention', [q, k, v], 'needs shapes (B, H, T, D) and (B, K, S, D)')
  const [batch, heads, length, size] = q.shape as [number, number, number, number]
  const [, groups, keys] = k.shape as [number, number, number]
  if (heads % groups !== 0)
    throw new ShapeError('attention', [q, k, v], `${groups} key heads do not divide ${heads} heads`)
  const { bias, scale = 1 / Math.sqrt(size), softcap, sinks, weightsHook } = options
  const whole: Shape = [batch, heads, length, keys]
  const { scores: product, mix } = grouped(q, k, v)
  let scores = product(scale)
  if (softcap !== undefined) scores = mul(tanh(mul(scores, 1 / softcap)), softcap)
  const hidden = band(q, k, options)
  if (hidden || bias || sinks) {
    scores = reshape(scores, whole, scores)
    if (hidden) scores = add(scores, hidden)
    if (bias) scores = add(scores, bias)
  }
  let weights = sinks ? softmaxWithSinks(scores, sinks) : softmax(scores)
  if (weightsHook) weights = weightsHook(reshape(weights, whole, weights))
  return mix(weights)
}

/**
 * The two products of attention, without repeating keys that several queries share. Queries that
 * share a key head stand one below the other where sizes are known, else on an axis of their own.
 */
function grouped(q: Tensor, k: Tensor, v: Tensor) {
  const [batch, heads, length, size] = q.shape as [number, number, number, number]
  const [, groups, keys] = k.shape as [number, number, number]
  const result: Shape = [batch, heads, length, at(v.shape, 3)]
  const each = heads / groups
  const fixed = isFixed(q.shape) && isFixed(k.shape)
  const between = (last: number): Shape => {
    if (fixed || each === 1) return [batch, groups, fixed ? each * length : length, last]
    return [batch, groups, each, length, last]
  }
  const beside = (x: Tensor): Tensor => {
    const [, , places, width] = x.shape as [number, number, number, number]
    return fixed || each === 1 ? x : reshape(x, [batch, groups, 1, places, width])
  }
  return {
    scores: (scale: number) =>
      matmul(reshape(q, between(size)), beside(k), { transposeB: true, scale }),
    mix: (weights: Tensor) => {
      const mixed = matmul(reshape(weights, between(keys), weights), beside(v))
      return reshape(mixed, result, mixed)
    },
  }
}

/** (T, S): `HIDDEN` where a query must not see a key; undefined where it sees all. */
function band(q: Tensor, k: Tensor, { causal, window }: AttentionOptions): Tensor | undefined {
  if (!causal && window === undefined) return undefined
  const [length, keys] = [at(q.shape, 2), at(k.shape, 2)]
  if (typeof length !== 'number' || typeof keys !== 'number')
    throw new ShapeError('attention', [q, k], 'causal and window need fixed lengths; give a bias')
  const values = new Float32Array(length * keys)
  for (let i = 0; i < length; i++) {
    // The last query stands at the last key.
    const place = keys - length + i
    const reach = window ?? Number.POSITIVE_INFINITY
    const row = values.subarray(i * keys, (i + 1) * keys)
    row.fill(HIDDEN, 0, Math.max(0, place - reach + 1))
    row.fill(HIDDEN, Math.max(0, causal ? place + 1 : place + reach))
  }
  return constant(values, [length, keys])
}

/** Softmax over the keys and a sink, whose weight is left out. scores: (B, H, T, S). */
function softmaxWithSinks(scores: Tensor, sinks: Tensor): Tensor {
  const sink = reshape(sinks, [1, at(sinks.shape, 0), 1, 1])
  const top = stopGradient(maximum(max(scores, -1, true), sink))
  const weights = exp(sub(scores, top))
  return div(weights, add(sum(weights, -1, true), exp(sub(sink, top))))
}
