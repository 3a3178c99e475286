import { afterAll, describe, expect, test } from 'vitest'
import { gather, grad, input, mul, sum, type Tensor, toOnnx } from '../../src/graph/index.ts'
import { openEngine } from '../../src/runtime/open.ts'
import { randomNumbers } from '../interpreter/values.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const [ROWS, LENGTH, WIDTH, RUNS] = [8, 256, 384, 50]

/**
 * Rows of the gradient are sums over all positions of a symbol, in an order that must not change.
 */
describe('the gradient of an embedding is the same in every run', () => {
  for (const symbols of [65, 5000])
    test(`${symbols} symbols`, async () => {
      const next = randomNumbers(symbols)
      const table = input('table', 'float32', [symbols, WIDTH])
      const ids = input('ids', 'int32', [ROWS, LENGTH])
      const seed = input('seed', 'float32', [ROWS, LENGTH, WIDTH])
      const [gradient] = grad(sum(mul(gather(table, ids), seed)), [table]) as [Tensor]
      const program = await engine.compile(toOnnx({ gradient }, { target: 'cpu' }))
      const idValues = Array.from({ length: ROWS * LENGTH }, () => Math.floor(next() * symbols))
      const seedValues = Float32Array.from({ length: ROWS * LENGTH * WIDTH }, () => next() - 0.5)
      const tensors = {
        ids: engine.tensor('int32', [ROWS, LENGTH]),
        seed: engine.tensor('float32', [ROWS, LENGTH, WIDTH]),
        gradient: engine.tensor('float32', [symbols, WIDTH]),
      }
      tensors.ids.write(idValues)
      tensors.seed.write(seedValues)
      const binding = program.bind(tensors)
      const bits = async () => {
        await binding.run()
        const { buffer, byteOffset, byteLength } = await tensors.gradient.read()
        return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
      }
      const first = Buffer.from(await bits())
      for (let run = 1; run < RUNS; run++) expect(first.equals(await bits())).toBe(true)

      const expected = new Float64Array(symbols * WIDTH)
      for (const [i, value] of seedValues.entries()) {
        const place = (idValues[Math.floor(i / WIDTH)] as number) * WIDTH + (i % WIDTH)
        expected[place] = (expected[place] as number) + value
      }
      const found = new Float32Array(first.buffer, first.byteOffset, expected.length)
      expect(found.every((value, i) => Math.abs(value - (expected[i] ?? 0)) < 1e-4)).toBe(true)
    })
})
