import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Random } from '../../random.ts'
import { Candidates } from './candidates.ts'
import { type Filter, minP, topK, topP } from './filters.ts'
import { largest } from './largest.ts'
import { logProbabilities } from './log-probabilities.ts'
import { frequencyPenalty, logitBias, presencePenalty, repetitionPenalty } from './penalties.ts'
import { draw, greedy, plainSampling, Sampler, type SamplerOptions } from './sampler.ts'

/** Few distinct values, so that many are equal. */
const someLogits = fc
  .array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 60 })
  .map((values) => Float32Array.from(values, (value) => value / 4))

const softmax = (logits: ArrayLike<number>): number[] => {
  const weights = Array.from(logits, (x) => Math.exp(x))
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / total)
}

/** Ids by falling logit; of equals the first come first. */
const ranked = (logits: Float32Array): number[] =>
  Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)

const kept = (filter: Filter, logits: Float32Array): number[] => {
  const candidates = new Candidates(logits.length)
  candidates.fill(logits)
  filter(candidates)
  const ids = Array.from(candidates.ids.subarray(0, candidates.count))
  for (const [i, id] of ids.entries()) expect(candidates.logits[i]).toBe(logits[id])
  return ids
}

const ascending = (ids: number[]) => ids.sort((a, b) => a - b)

describe('filters agree with their definitions', () => {
  test('the k largest', () => {
    fc.assert(
      fc.property(someLogits, fc.integer({ min: 1, max: 70 }), (logits, k) => {
        expect(Array.from(largest(logits, logits.length, k))).toEqual(ranked(logits).slice(0, k))
      }),
    )
  })

  test('top-k', () => {
    fc.assert(
      fc.property(someLogits, fc.integer({ min: 1, max: 70 }), (logits, k) => {
        expect(kept(topK(k), logits)).toEqual(ascending(ranked(logits).slice(0, k)))
      }),
    )
  })

  test('top-p: the fewest whose probabilities add up to p', () => {
    fc.assert(
      fc.property(someLogits, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (logits, p) => {
        const probabilities = softmax(logits)
        const order = ranked(logits)
        let sum = 0
        let size = 0
        while (sum < p) sum += probabilities[order[size++] as number] as number
        // Rounding decides where the sum is p to the last digit.
        fc.pre(Math.abs(sum - p) > 1e-9)
        fc.pre(Math.abs(sum - (probabilities[order[size - 1] as number] as number) - p) > 1e-9)
        expect(kept(topP(p), logits)).toEqual(ascending(order.slice(0, size)))
      }),
    )
  })

  test('min-p', () => {
    fc.assert(
      fc.property(someLogits, fc.double({ min: 0.01, max: 1, noNaN: true }), (logits, p) => {
        const probabilities = softmax(logits)
        const limit = p * Math.max(...probabilities)
        fc.pre(probabilities.every((x) => Math.abs(x - limit) > 1e-9 || p === 1))
        const expected = Array.from(logits.keys()).filter(
          (id) => (probabilities[id] as number) >= limit,
        )
        expect(kept(minP(p), logits)).toEqual(expected)
      }),
    )
  })

  test('what has no effect', () => {
    const logits = Float32Array.of(1, 3, 2, 3)
    for (const filter of [topK(4), topK(9), topP(1), minP(1e-9)])
      expect(kept(filter, logits)).toEqual([0, 1, 2, 3])
  })

  test('one token always stays', () => {
    const logits = Float32Array.of(1, 3, 2, 3)
    expect(kept(topK(1), logits)).toEqual([1])
    expect(kept(topP(1e-9), logits)).toEqual([1])
    expect(kept(minP(1), logits)).toEqual([1, 3])
  })
})

describe('adjustments', () => {
  const history = {
    seen: new Set([0, 1, 3]),
    generated: new Map([
      [1, 1],
      [3, 4],
    ]),
  }
  const adjusted = (adjust: (logits: Float32Array, h: typeof history) => void) => {
    const logits = Float32Array.of(2, -2, 5, 1)
    adjust(logits, history)
    return Array.from(logits)
  }

  test('the repetition penalty divides positive logits and multiplies negative ones', () => {
    expect(adjusted(repetitionPenalty(2))).toEqual([1, -4, 5, 0.5])
  })

  test('presence and frequency count what was generated, not the prompt', () => {
    expect(adjusted(presencePenalty(0.5))).toEqual([2, -2.5, 5, 0.5])
    expect(adjusted(frequencyPenalty(0.5))).toEqual([2, -2.5, 5, -1])
  })

  test('bias', () => {
    expect(adjusted(logitBias({ 2: -100, 0: 1.5 }))).toEqual([3.5, -2, -95, 1])
  })
})

describe('the sampler', () => {
  const logits = Float32Array.of(0, 2, 1, -1, 1.5)
  const sampler = (options: Partial<SamplerOptions>, seed = 7, prompt: number[] = []) =>
    new Sampler(
      { ...plainSampling, ...options },
      { seed, prompt, candidates: new Candidates(logits.length) },
    )
  const frequencies = (options: Partial<SamplerOptions>) => {
    const counts = new Array(logits.length).fill(0)
    const picks = 20_000
    const candidates = new Candidates(logits.length)
    for (let i = 0; i < picks; i++) {
      const own = { seed: i, prompt: [], candidates }
      counts[new Sampler({ ...plainSampling, ...options }, own).next(logits.slice())] += 1 / picks
    }
    return counts
  }
  const expectNear = (found: number[], expected: number[]) => {
    // Five standard deviations of a share.
    for (const [i, p] of expected.entries())
      expect(Math.abs((found[i] as number) - p)).toBeLessThan(5 * Math.sqrt(0.25 / 20_000))
  }

  test('draws as often as softmax says, at any temperature', () => {
    expectNear(frequencies({}), softmax(logits))
    expectNear(frequencies({ temperature: 0.5 }), softmax(logits.map((x) => 2 * x)))
    expectNear(frequencies({ temperature: 4 }), softmax(logits.map((x) => x / 4)))
  })

  test('a temperature at the end of its range is greedy, or even', () => {
    for (const temperature of [Number.MIN_VALUE, 1e-45, 1e-38, 1e-3])
      expect(frequencies({ temperature })).toEqual([0, expect.closeTo(1, 9), 0, 0, 0])
    expectNear(frequencies({ temperature: Number.MAX_VALUE }), [0.2, 0.2, 0.2, 0.2, 0.2])
  })

  test('draws anew among those that filters keep', () => {
    const [, b, c, , e] = softmax(logits) as [number, number, number, number, number]
    expectNear(frequencies({ topK: 2 }), [0, b / (b + e), 0, 0, e / (b + e)])
    const most = b + e + c
    expectNear(frequencies({ topP: 0.9 }), [0, b / most, c / most, 0, e / most])
    expectNear(frequencies({ minP: 0.5 }), [0, b / (b + e), 0, 0, e / (b + e)])
  })

  test('the temperature comes before top-p', () => {
    expect(frequencies({ topP: 0.6 }).filter((x) => x > 0).length).toBe(2)
    expect(frequencies({ topP: 0.6, temperature: 0.2 }).filter((x) => x > 0)).toEqual([
      expect.closeTo(1, 9),
    ])
  })

  test('penalties come before everything, and count as it goes', () => {
    const picks = sampler({ temperature: 0, presencePenalty: 1 })
    expect([1, 2, 3, 4].map(() => picks.next(logits.slice()))).toEqual([1, 4, 1, 1])
    const frequent = sampler({ temperature: 0, frequencyPenalty: 1 })
    expect([1, 2, 3, 4].map(() => frequent.next(logits.slice()))).toEqual([1, 4, 1, 2])
    expect(sampler({ temperature: 0, repetitionPenalty: 2 }, 7, [1]).next(logits.slice())).toBe(4)
    expect(sampler({ temperature: 0, logitBias: { 3: 9 } }).next(logits.slice())).toBe(3)
  })

  test('the seed decides', () => {
    const draws = (seed: number) => {
      const own = sampler({ temperature: 2 }, seed)
      return Array.from({ length: 30 }, () => own.next(logits.slice()))
    }
    expect(draws(1)).toEqual(draws(1))
    expect(draws(1)).not.toEqual(draws(2))
  })

  test('temperature 0 takes the likeliest, the first of equals', () => {
    expect(greedy(Float32Array.of(-3, -1, -1))).toBe(1)
    expect(greedy(Float32Array.of(Number.NaN, -1, 2))).toBe(2)
  })

  test('logits that are not numbers are refused', () => {
    const bad = new Float32Array(5).fill(Number.NaN)
    expect(() => sampler({ temperature: 0 }).next(bad)).toThrow('the weights of this model')
    expect(() => sampler({}).next(bad)).toThrow('the weights of this model')
    expect(() => sampler({ topP: 0.5, topK: 3, minP: 0.1 }).next(bad)).toThrow('diverged')
  })
})

test('draws by cumulative probability, up to the last candidate', () => {
  const candidates = new Candidates(3)
  candidates.fill(Float32Array.of(Math.log(0.25), Math.log(0.5), Math.log(0.25)))
  const at = (uniform: number) => draw(candidates, { uniform: () => uniform } as Random)
  expect([0, 0.2499, 0.2501, 0.7499, 0.7501, 1 - 2 ** -53].map(at)).toEqual([0, 0, 1, 1, 2, 2])
})

test('log-probabilities', () => {
  const logits = Float32Array.of(1000, 998, 999.5, 990)
  const found = logProbabilities(logits)
  const expected = softmax([1, -1, 0.5, -9]).map(Math.log)
  for (const [id, value] of expected.entries()) expect(found.of(id)).toBeCloseTo(value, 6)
  expect(found.top(2).map(({ token }) => token)).toEqual([0, 2])
  expect(found.top(9).reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 9)
})
