import { afterAll, describe, expect, test } from 'vitest'
import { openEngines } from '../../test/engines.ts'
import { add, grad, input, linear, matmul, mul, sum } from '../graph/index.ts'
import { compile } from './compile.ts'
import type { Engine } from './engine.ts'

const engines = await openEngines()
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())))

const rows = (name: string) => input(name, 'float32', ['rows', 2])

describe.each(engines)('$name', (engine) => {
  test('a graph is a function of its inputs, of any size', async () => {
    const [x, w] = [rows('x'), input('w', 'float32', [2])]
    const f = await compile(engine, { y: mul(x, w), total: sum(x) })
    const call = (x: number[]) =>
      f({ x, w: [2, 3], unused: [1] }, { sizes: { rows: x.length / 2 } })
    expect(await call([1, 2, 3, 4])).toEqual({
      y: Float32Array.of(2, 6, 6, 12),
      total: Float32Array.of(10),
    })
    expect((await call([5, 6])).y).toEqual(Float32Array.of(10, 18))
    expect((await call([7, 8])).y).toEqual(Float32Array.of(14, 24))
    f.dispose()
    await expect(call([1, 2])).rejects.toThrow('disposed')
  })

  test('so are its gradients', async () => {
    const [x, w] = [input('x', 'float32', [2, 3]), input('w', 'float32', [1, 3])]
    const y = linear(x, w)
    const [dw] = grad(sum(mul(y, y)), [w])
    const f = await compile(engine, { dw: dw as typeof w })
    // d/dw of sum (x w)^2 is 2 sum (x w) x, and x w is (3, 4).
    expect((await f({ x: [1, 1, 1, 2, 1, 1], w: [1, 1, 1] })).dw).toEqual(
      Float32Array.of(2 * (3 + 2 * 4), 2 * (3 + 4), 2 * (3 + 4)),
    )
    f.dispose()
  })

  test('what is missing or does not fit is named', async () => {
    const f = await compile(engine, { y: add(rows('a'), rows('b')) }, { label: 'sums' })
    const sizes = { rows: 1 }
    await f({ a: [1, 2], b: [3, 4] }, { sizes })
    // Values of the call before do not serve.
    await expect(f({ a: [1, 2] }, { sizes })).rejects.toThrow(
      'program "sums": the input "b" float32 (rows, 2) is not given',
    )
    await expect(f({ a: [1, 2], b: [3, 4] })).rejects.toThrow('the size of dimension rows is not')
    await expect(f({ a: [1, 2, 3], b: [3, 4] }, { sizes })).rejects.toThrow('but 3 were given')
    const bound = f.bind({}, sizes)
    await expect(bound.run({ a: [1, 2] })).rejects.toThrow('program "sums": the input "b" has no')
    f.dispose()
  })

  test('calls at once take turns, and each has its own result', async () => {
    const f = await compile(engine, { y: mul(rows('x'), 2) })
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) => f({ x: [i, -i] }, { sizes: { rows: 1 } })),
    )
    expect(all.map(({ y }) => Array.from(y, Number))).toEqual(
      Array.from({ length: 8 }, (_, i) => [2 * i, -2 * i]),
    )
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(f({ x: [1, 1] }, { sizes: { rows: 1 }, signal })).rejects.toThrow('enough')
    f.dispose()
  })

  test('tensors of the engine are read and written where they lie, and tell sizes', async () => {
    const f = await compile(engine, { y: add(rows('x'), 1) })
    const memory = engine.tensor('float32', [3, 2])
    expect((await f({ x: memory })).y).toEqual(new Float32Array(6).fill(1))
    const bound = f.bind({ x: memory, y: memory })
    await bound.run()
    await bound.run()
    bound.dispose()
    expect(await memory.read()).toEqual(new Float32Array(6).fill(2))
    memory.dispose()
    f.dispose()
  })

  test('live weights are read at each run, packed ones are those that were given', async () => {
    const x = input('x', 'float32', [1, 2])
    const y = matmul(x, input('w', 'float32', [2, 2]))
    const live = engine.tensor('float32', [2, 2])
    const data = Float32Array.of(1, 2, 3, 4)
    live.write(data)
    const [follows, keeps] = [
      await compile(engine, { y }, { weights: { live: { w: live, other: live } } }),
      await compile(engine, { y }, { weights: { packed: { w: data, other: data } } }),
    ]
    const both = async () => [(await follows({ x: [1, 1] })).y, (await keeps({ x: [1, 1] })).y]
    expect(await both()).toEqual([Float32Array.of(4, 6), Float32Array.of(4, 6)])
    live.write([0, 0, 1, 1])
    data.fill(9)
    await expect(follows({ x: [1, 1], w: data })).rejects.toThrow('w is one of its weights')
    expect((await follows({ x: [1, 1] })).y).toEqual(Float32Array.of(1, 1))
    expect(await both()).toEqual([Float32Array.of(1, 1), Float32Array.of(4, 6)])
    live.write([0, Number.NaN, 1, 1])
    expect((await follows.fault('y')).message).toMatch(/^weights hold NaN: w/)
    for (const f of [follows, keeps]) f.dispose()
    expect(await live.read()).toEqual(Float32Array.of(0, Number.NaN, 1, 1))
    live.dispose()
  })
})

test('a wrong call is refused with what is expected', async () => {
  const [engine] = engines as [Engine]
  const wrong = (...given: unknown[]) => compile(...(given as Parameters<typeof compile>))
  await expect(wrong(undefined, { y: rows('x') })).rejects.toThrow('engine: expected an engine')
  await expect(wrong(engine)).rejects.toThrow('outputs: expected tensors')
  await expect(wrong(engine, { y: [1] })).rejects.toThrow('outputs: expected tensors')
})

test('memory of calls and bindings is given back', async () => {
  const [engine] = engines as [Engine]
  const before = process.memoryUsage().arrayBuffers
  const f = await compile(engine, { y: mul(rows('x'), 2) })
  const x = new Float32Array(2 * 500_000)
  for (const size of [500_000, 400_000])
    await f({ x: x.subarray(0, 2 * size) }, { sizes: { rows: size } })
  const bound = Array.from({ length: 3 }, () => f.bind({}, { rows: 500_000 }))
  for (const one of bound) one.dispose()
  f.dispose()
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * x.byteLength)
})
