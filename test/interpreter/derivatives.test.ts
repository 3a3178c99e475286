import { describe, expect, test } from 'vitest'
import { customGradient, exp, mul, stopGradient, type Tensor } from '../../src/graph/index.ts'
import { cases } from '../ops/cases.ts'
import { type Build, checkGradient } from './check-gradient.ts'
import { floats } from './values.ts'

describe('derivatives equal central differences to 1e-6', () => {
  for (const { name, build, inputs, order, by } of cases)
    if (order > 0) test(name, () => checkGradient(build, inputs, { order: order as 1 | 2, by }))
})

describe('a wrong derivative is found', () => {
  const stated = (slope: (x: Tensor, y: Tensor) => Tensor): Build => {
    return ({ x }) =>
      customGradient(exp(x as Tensor), [x as Tensor], (g, [x], y) => [
        mul(g, slope(x as Tensor, y)),
      ])
  }
  const inputs = { x: floats([2, 3]) }

  test('by 1 in 100,000', () => {
    checkGradient(
      stated((_, y) => y),
      inputs,
      { order: 2 },
    )
    expect(() =>
      checkGradient(
        stated((_, y) => mul(y, 1.00001)),
        inputs,
      ),
    ).toThrow(/^derivative by x\[\d\]: derived .*, measured /)
  })

  test('where the first is right and the second is not', () => {
    const build = stated((x) => stopGradient(exp(x)))
    checkGradient(build, inputs)
    expect(() => checkGradient(build, inputs, { order: 2 })).toThrow('second derivative by x[0]')
  })
})
