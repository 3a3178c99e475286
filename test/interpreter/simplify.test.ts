import { describe, expect, test } from 'vitest'
import { simplify } from '../../src/graph/index.ts'
import { cases } from '../ops/cases.ts'
import { gradientGraph } from './check-gradient.ts'
import { evaluate } from './evaluate.ts'

describe('simplified, a graph computes the same', () => {
  for (const { name, build, inputs, by } of cases)
    test(name, () => {
      const { outputs, gradients, feeds } = gradientGraph(build, inputs, by)
      const whole = [...outputs, ...Object.values(gradients)]
      const simple = simplify(whole)
      const expected = evaluate(whole, feeds)
      for (const [i, { shape, data }] of evaluate(simple, feeds).entries()) {
        expect(shape).toEqual(expected[i]?.shape)
        for (const [k, value] of data.entries()) {
          const other = expected[i]?.data[k]
          if (Number.isNaN(other)) continue
          // Folded constants are rounded to float32.
          const error = Math.abs(value - (other as number)) / Math.max(1, Math.abs(value))
          expect(error).toBeLessThanOrEqual(1e-6)
        }
      }
    })
})
