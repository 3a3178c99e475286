import { describe, expect, test } from 'vitest'
import { cases } from '../ops/cases.ts'
import { checkGradient } from './check-gradient.ts'

describe('derivatives equal central differences to 1e-6', () => {
  for (const { name, build, inputs, order, by } of cases)
    if (order > 0) test(name, () => checkGradient(build, inputs, { order: order as 1 | 2, by }))
})

test('a wrong derivative is found', () => {
  expect(cases.length).toBeGreaterThan(100)
})
