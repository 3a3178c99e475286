import { afterAll, expect, test } from 'vitest'
import { add, constant, div, input, mul, toOnnx } from '../../src/graph/index.ts'
import { openEngine } from '../../src/runtime/open.ts'
import { run } from './run-case.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const x = input('x', 'float32', [2])
const feeds = { x: { shape: [2], values: [1, -2] } }

test('0 and -0, and the infinities, stay apart in one model', async () => {
  const numbers = { zero: 0, minusZero: -0, above: Infinity, below: -Infinity }
  const outputs = Object.fromEntries(
    Object.entries(numbers).map(([name, n]) => [name, div(x, constant(n))]),
  )
  const model = toOnnx(outputs, { target: 'cpu' })
  const shapes = Object.fromEntries(Object.keys(outputs).map((name) => [name, { shape: [2] }]))
  expect(await run(engine, model, feeds, shapes)).toEqual({
    zero: [Infinity, -Infinity],
    minusZero: [-Infinity, Infinity],
    above: [0, -0],
    below: [-0, 0],
  })
})

test('an output may be an input, a constant, or another output', async () => {
  const twice = mul(x, 2)
  const large = constant(3, [100])
  const model = toOnnx(
    { x2: twice, again: mul(x, 2), same: x, one: constant(1), large },
    { target: 'cpu' },
  )
  const shapes = { x2: [2], again: [2], same: [2], one: [], large: [100] }
  const expected = Object.fromEntries(Object.entries(shapes).map(([k, shape]) => [k, { shape }]))
  const found = await run(engine, model, feeds, expected)
  expect(found).toEqual({
    x2: [2, -4],
    again: [2, -4],
    same: [1, -2],
    one: [1],
    large: new Array(100).fill(3),
  })
  expect(model.bytes.length).toBeLessThan(1000)
})

test('an input may be used twice, and two of one name are refused', () => {
  const same = toOnnx({ y: mul(x, add(x, 1)) }, { target: 'cpu' })
  expect(same.inputs.length).toBe(1)
  for (const shape of [[2], [1]])
    expect(() => toOnnx({ y: mul(x, input('x', 'float32', shape)) }, { target: 'cpu' })).toThrow(
      'two distinct inputs of one graph are named x',
    )
})
