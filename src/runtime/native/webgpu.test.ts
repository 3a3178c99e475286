import { afterAll, describe, expect, test } from 'vitest'
import { openSoftwareGpu, orSkip } from '../../../test/engines.ts'
import { growth } from '../../../test/memory.ts'
import { addition, products } from '../../../test/onnx.ts'
import type { DeviceTensor, Engine } from '../engine.ts'

const found = await orSkip('native WebGPU', openSoftwareGpu())
const engine = found as Engine
afterAll(() => found?.dispose())

const ones = (n: number): DeviceTensor => {
  const tensor = engine.tensor('float32', [n])
  tensor.write(new Float32Array(n).fill(1))
  return tensor
}

const distinct = async (tensor: DeviceTensor): Promise<number[]> => [
  ...new Set(Array.from(await tensor.read(), Number)),
]

describe.runIf(found)('native WebGPU', () => {
  test('has no slices, no synchronous runs and no memory to look at', async () => {
    const tensor = ones(2)
    expect(tensor.data).toBeUndefined()
    expect(() => tensor.slice(0, [1])).toThrow('tensor float32 (2) is in GPU memory')
    const program = await engine.compile(addition())
    expect(program.bind({ a: tensor, b: tensor, c: tensor }).runSync).toBeUndefined()
    expect(engine.parallelRuns).toBe(1)
  })

  test('takes turns: tensors come and go, and programs load, during runs', async () => {
    const program = await engine.compile(addition())
    const [total, one] = [engine.tensor('float32', [1000]), ones(1000)]
    const binding = program.bind({ a: total, b: one, c: total })
    const others: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) {
      const run = binding.run()
      const passing = ones(1000 + i)
      others.push(passing.read().then((values) => expect(values.length).toBe(1000 + i)))
      passing.dispose()
      if (i % 10 === 0) others.push(engine.compile(products(16, 1)).then((p) => p.dispose()))
      await run
    }
    await Promise.all(others)
    expect(await distinct(total)).toEqual([50])
  })

  test('memory stays flat over runs and tensors of 1 MiB', async () => {
    const program = await engine.compile(addition())
    const [total, one] = [engine.tensor('float32', [256]), ones(256)]
    const binding = program.bind({ a: total, b: one, c: total })
    const grown = await growth(async () => {
      for (let i = 0; i < 1000; i++) await binding.run()
      for (let i = 0; i < 250; i++) {
        const tensor = ones(1 << 18)
        await tensor.read()
        tensor.dispose()
      }
    })
    expect(grown).toBeLessThan(2)
    const [runs] = await distinct(total)
    expect(runs).toBeGreaterThanOrEqual(2000)
  })

  test('an engine that is disposed leaves others at work', async () => {
    const other = await openSoftwareGpu()
    const tensor = other.tensor('float32', [4])
    tensor.write([1, 2, 3, 4])
    expect(Array.from(await tensor.read(), Number)).toEqual([1, 2, 3, 4])
    const last = tensor.read()
    await other.dispose()
    expect(Array.from(await last, Number)).toEqual([1, 2, 3, 4])
    const [a, b, c] = [ones(8), ones(8), ones(8)]
    await (await engine.compile(addition())).bind({ a, b, c }).run()
    expect(await distinct(c)).toEqual([2])
  })
})
