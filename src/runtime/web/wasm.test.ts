import { afterAll, expect, test } from 'vitest'
import { growth } from '../../../test/memory.ts'
import { addition, products } from '../../../test/onnx.ts'
import { openWasm } from './node.ts'

const engine = await openWasm(2)
afterAll(() => engine.dispose())

test('says its threads, which the first engine set for all, and why it was taken', async () => {
  expect(engine.reason).toBe('wasm: ONNX Runtime 1.30.0, WebAssembly, 2 threads')
  const other = await openWasm(1, 'no library; run: npm i')
  expect(other.threads).toBe(2)
  expect(other.reason).toBe(`${engine.reason}; no library; run: npm i`)
  const [a, b, c] = [1, 2, 0].map((value) => {
    const tensor = other.tensor('float32', [1])
    tensor.write([value])
    return tensor
  }) as [never, never, never]
  await (await other.compile(addition())).bind({ a, b, c }).run()
  await other.dispose()
  expect(engine.tensor('float32', [2]).size).toBe(2)
  expect(() => other.tensor('float32', [2])).toThrow('the wasm engine was disposed')
})

test('slices are views of one memory, at any place', () => {
  const whole = engine.tensor('float32', [6])
  const part = whole.slice(2, [2, 1])
  part.write([7, 8])
  expect(whole.data).toEqual(Float32Array.of(0, 0, 7, 8, 0, 0))
  whole.dispose()
  expect(whole.data).toHaveLength(0)
  expect(part.data).toEqual(Float32Array.of(7, 8))
  expect(() => part.slice(1, [2])).toThrow('a slice (2) at 1 is outside tensor float32 (2, 1)')
})

test('a profile is not to be had', async () => {
  await expect(engine.compile(addition(), { profile: 'x' })).rejects.toThrow(
    'program "program": profiles are only written by the native engines',
  )
})

test('memory stays flat over 1000 runs, and 50 programs', async () => {
  const [total, one] = [engine.tensor('float32', [4096]), engine.tensor('float32', [4096])]
  one.write(new Float32Array(4096).fill(1))
  const program = await engine.compile(addition())
  const binding = program.bind({ a: total, b: one, c: total })
  const grown = await growth(async () => {
    for (let i = 0; i < 1000; i++) await binding.run()
    for (let i = 0; i < 50; i++) (await engine.compile(products(16, 2))).dispose()
  })
  expect(grown).toBeLessThan(2)
  expect((await total.read())[0]).toBeGreaterThanOrEqual(2000)
})
