import { expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import { constant, input, KEY_SIZE, type Tensor } from '../graph/index.ts'
import { RandomSource } from '../nn/index.ts'
import { embeddingNoise } from './neftune.ts'

const SEGMENTS = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]
const DIM = 40

function noiseOf(alpha: number, key: readonly number[]): Float64Array {
  const embedding = constant(0, [], 'float32')
  const zeros = input('zeros', 'float32', [SEGMENTS.length, DIM])
  const random = new RandomSource(input('key', 'float32', [KEY_SIZE]))
  const tap = embeddingNoise(alpha, input('segments', 'int32', [1, SEGMENTS.length]), random)
  const site = { context: {} }
  // Other activations stay as they are.
  expect(tap('model.norm', embedding, site)).toBe(embedding)
  const [noise] = evaluate([tap('model.embedding', zeros, site) as Tensor], {
    zeros: { shape: [SEGMENTS.length, DIM], values: new Float64Array(SEGMENTS.length * DIM) },
    segments: { shape: [1, SEGMENTS.length], values: SEGMENTS },
    key: { shape: [KEY_SIZE], values: key },
  })
  return noise?.data as Float64Array
}

test('noise fills the range of its conversation, evenly, by the key', () => {
  const noise = noiseOf(5, [12, 345, 678])
  for (const [first, last, tokens] of [
    [0, 9, 9],
    [9, 16, 7],
  ] as const) {
    const values = [...noise.slice(first * DIM, last * DIM)]
    const most = 5 / Math.sqrt(tokens * DIM)
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(most * (1 + 1e-9))
    expect(Math.max(...values)).toBeGreaterThan(0.95 * most)
    expect(Math.min(...values)).toBeLessThan(-0.95 * most)
    // The mean of |x| is half of the range, that of x² a third.
    const mean = (of: (x: number) => number) =>
      values.map((x) => of(x / most)).reduce((a, b) => a + b, 0) / values.length
    expect(Math.abs(mean((x) => x))).toBeLessThan(0.15)
    expect(mean(Math.abs)).toBeCloseTo(0.5, 1)
    expect(mean((x) => x * x)).toBeCloseTo(1 / 3, 1)
  }
  expect(noiseOf(5, [12, 345, 678])).toEqual(noise)
  expect(noiseOf(5, [12, 345, 679])).not.toEqual(noise)
})
