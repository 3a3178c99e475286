import { abs, constant, mul, neg, type Tensor } from '../../graph/index.ts'

/**
 * Slopes of ALiBi (Press et al. 2022) for each head: a geometric sequence from 2^(-8/n) on for n
 * heads; where n is no power of two, every other slope of twice the next lower power fills up.
 */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads))
  const sequence = (n: number) => Array.from({ length: n }, (_, i) => 2 ** ((-8 * (i + 1)) / n))
  const more = sequence(2 * power).filter((_, i) => i % 2 === 0)
  return [...sequence(power), ...more.slice(0, heads - power)]
}

/**
 * Attention with linear biases: the further a key is from a query, the lower its score. distances:
 * (..., T, S), the key's position less the query's, as floats -> (..., H, T, S); the axis before T
 * must be 1.
 */
export const alibiBias = (distances: Tensor, heads: number): Tensor =>
  mul(neg(abs(distances)), constant(alibiSlopes(heads), [heads, 1, 1]))
