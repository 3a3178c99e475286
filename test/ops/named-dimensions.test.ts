import { afterAll, expect, test } from 'vitest'
import {
  add,
  input,
  linear,
  reshape,
  softmax,
  sum,
  toOnnx,
  transpose,
} from '../../src/graph/index.ts'
import { openEngines } from '../engines.ts'
import { evaluate } from '../interpreter/evaluate.ts'
import { floats } from '../interpreter/values.ts'

const engines = await openEngines()
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())))

const x = input('x', 'float32', ['batch', 'length', 6])
const weight = input('weight', 'float32', [4, 6])
const heads = transpose(reshape(linear(x, weight), ['batch', 'length', 2, 2]), [0, 2, 1, 3])
const outputs = {
  joined: reshape(transpose(heads, [0, 2, 1, 3]), ['batch', 'length', 4]),
  rows: reshape(x, ['batch*length', 6]),
  heads: softmax(add(heads, 1)),
  columns: reshape(transpose(x, [0, 2, 1]), [3, 'batch', 2, 'length']),
  total: sum(x, [0, 1]),
}

test('the shapes of products of names are equal where the sizes are', () => {
  expect(outputs.rows.shape).toEqual(['batch*length', 6])
  expect(reshape(outputs.rows, ['length*batch', 2, 3]).shape[0]).toBe('length*batch')
  expect(() => reshape(outputs.rows, ['batch', 'batch', 6])).toThrow('does not hold as many')
})

for (const engine of engines)
  test(`${engine.name}: one compiled program serves every size`, async () => {
    const model = toOnnx(outputs, { target: engine.name })
    expect(model.inputs.map(({ shape }) => shape)).toEqual([
      ['batch', 'length', 6],
      [4, 6],
    ])
    const program = await engine.compile(model)
    for (const sizes of [
      [2, 3],
      [1, 1],
      [5, 2],
      [2, 7],
    ] as const) {
      const feeds = { x: floats([...sizes, 6]), weight: floats([4, 6]) }
      const expected = evaluate(Object.values(outputs), feeds)
      const names = Object.keys(outputs)
      const tensors = Object.fromEntries([
        ...Object.entries(feeds).map(([name, { shape }]) => [
          name,
          engine.tensor('float32', shape),
        ]),
        ...names.map((name, i) => [name, engine.tensor('float32', expected[i]?.shape ?? [])]),
      ])
      for (const [name, { values }] of Object.entries(feeds)) tensors[name].write(values)
      await program.bind(tensors).run()
      for (const [i, name] of names.entries())
        for (const [k, value] of (await tensors[name].read()).entries())
          expect(value).toBeCloseTo(expected[i]?.data[k] ?? Number.NaN, 4)
    }
  })
