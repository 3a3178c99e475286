import { isFixed, type Shape } from '../dim.ts'
import { at, ShapeError, type Tensor } from '../tensor.ts'
import { add } from './elementwise.ts'
import { constant } from './leaf.ts'
import { matmul } from './matmul.ts'
import { reshape } from './shape.ts'
import { softmax } from './softmax.ts'

export interface AttentionOptions {
  /** Position i sees positions 0 .. i only (the last query sees every key). */
  causal?: boolean
  /** Added to the scores; broadcasts to (B, H, T, S). Hidden places hold `HIDDEN`. */
  bias?: Tensor
  /** Factor on the scores; default 1 / sqrt(D). */
  scale?: number
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
  if (!isFixed(q.shape) || !isFixed(k.shape) || q.rank !== 4 || k.rank !== 4)
    throw new ShapeError('attention', [q, k, v], 'needs fixed shapes (B, H, T, D) and (B, K, S, D)')
  const [batch, heads, length, size] = q.shape as [number, number, number, number]
  const [, groups, keys] = k.shape as [number, number, number]
  if (heads % groups !== 0)
    throw new ShapeError('attention', [q, k, v], `${groups} key heads do not divide ${heads} heads`)
  const { causal = false, bias, scale = 1 / Math.sqrt(size), weightsHook } = options
  // Queries that share a key head stand one below the other, so that keys are never repeated.
  const rows = (heads / groups) * length
  const grouped: Shape = [batch, groups, rows, size]
  const whole: Shape = [batch, heads, length, keys]
  let scores = matmul(reshape(q, grouped), k, { transposeB: true, scale })
  if (causal || bias) {
    scores = reshape(scores, whole)
    if (causal) scores = add(scores, causalBias(length, keys))
    if (bias) scores = add(scores, bias)
  }
  let weights = softmax(scores)
  if (weightsHook) weights = weightsHook(reshape(weights, whole))
  const mixed = matmul(reshape(weights, [batch, groups, rows, keys]), v)
  return reshape(mixed, [batch, heads, length, at(v.shape, 3)])
}

/** (T, S): `HIDDEN` where the key comes after the query. */
function causalBias(length: number, keys: number): Tensor {
  const values = new Float32Array(length * keys)
  for (let i = 0; i < length; i++)
    values.fill(HIDDEN, i * keys + Math.max(0, keys - length + i + 1), (i + 1) * keys)
  return constant(values, [length, keys])
}
