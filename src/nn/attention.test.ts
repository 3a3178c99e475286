import { describe, expect, test } from 'vitest'
import { evaluate, type Feeds } from '../../test/interpreter/evaluate.ts'
import { input, type Tensor } from '../graph/index.ts'
import { attention } from './attention.ts'

test('wrong shapes are refused by name', () => {
  const x = input('x', 'float32', [2, 3])
  expect(() => attention(x, x, x)).toThrow(
    'attention: (2, 3) and (2, 3) and (2, 3) [x, x, x]: needs shapes',
  )
  const [q, k] = [input('q', 'float32', [1, 3, 2, 4]), input('k', 'float32', [1, 2, 2, 4])]
  expect(() => attention(q, k, k)).toThrow('2 key heads do not divide 3 heads')
})

describe('who sees whom is the same by fixed lengths and by distances', () => {
  const [length, heads, size] = [5, 2, 3]
  const values = (seed: number) =>
    Array.from({ length: length * heads * size }, (_, i) => Math.sin(seed + 1.7 * i))
  const shape = [1, heads, length, size]
  const apart = Array.from({ length: length ** 2 }, (_, i) => (i % length) - Math.floor(i / length))
  const feeds: Feeds = {
    q: { shape, values: values(1) },
    k: { shape, values: values(2) },
    v: { shape, values: values(3) },
    distances: { shape: [1, 1, length, length], values: apart },
  }
  test.each([
    [{ causal: true }, (d: number) => d <= 0],
    [{ causal: true, window: 2 }, (d: number) => d <= 0 && d > -2],
    [{ window: 3 }, (d: number) => Math.abs(d) < 3],
  ])('%o', (options, sees) => {
    const seen: Float64Array[] = []
    for (const lengths of ['fixed', 'dynamic']) {
      const isFixed = lengths === 'fixed'
      const sizes = isFixed ? shape : ['batch', heads, 'length', size]
      const distances = input('distances', 'int32', [1, 1, 'length', 'length'])
      const drop = (weights: Tensor) => {
        const [found] = evaluate([weights], feeds)
        seen.push(Float64Array.from(found?.data ?? []))
        return weights
      }
      attention(
        input('q', 'float32', sizes),
        input('k', 'float32', sizes),
        input('v', 'float32', sizes),
        { ...options, ...(!isFixed && { distances }), drop },
      )
    }
    const [fixed = [], dynamic = []] = seen
    for (const [i, weight] of [...fixed].entries()) {
      expect(dynamic[i]).toBeCloseTo(weight, 12)
      expect(weight > 0).toBe(sees(apart[i % length ** 2] as number))
    }
    expect(fixed.length).toBe(heads * length ** 2)
  })

  test('dynamic lengths need distances', () => {
    const x = input('x', 'float32', ['batch', heads, 'length', size])
    expect(() => attention(x, x, x, { causal: true })).toThrow('need fixed lengths, or distances')
  })
})
