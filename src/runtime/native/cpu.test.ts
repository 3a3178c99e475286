import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { growth } from '../../../test/memory.ts'
import { addition, onnxModel, products, spec } from '../../../test/onnx.ts'
import { koffi } from '../../files/koffi.ts'
import type { Binding, DeviceTensor, Engine, Program } from '../engine.ts'
import { openEngine } from '../open.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const floats = (values: ArrayLike<number>, owner: Engine = engine): DeviceTensor => {
  const tensor = owner.tensor('float32', [values.length])
  tensor.write(Float32Array.from(values))
  return tensor
}

const runSync = (binding: Binding): void => binding.runSync?.()

test.runIf(process.platform === 'linux')('nothing is collected for telemetry', () => {
  const files = readdirSync('/proc/self/fd').map((entry) => {
    const path = `/proc/self/fd/${entry}`
    return existsSync(path) ? readlinkSync(path) : ''
  })
  expect(files.filter((file) => /mat-debug|onnxruntime\.db/.test(file))).toEqual([])
})

describe('memory', () => {
  test('is what `data` shows, aligned to 64 bytes', async () => {
    const program = await engine.compile(addition())
    const [a, b, c] = [floats([1, 2]), floats([3, 4]), floats([0, 0])]
    for (const { data } of [a, b, c]) expect(koffi.address(data) % 64n).toBe(0n)
    const binding = program.bind({ a, b, c })
    a.data?.set([10, 20] as never)
    runSync(binding)
    expect(Array.from(c.data as Float32Array)).toEqual([13, 24])
  })

  test('is empty once disposed, and free at once', () => {
    const before = process.memoryUsage().arrayBuffers
    const tensor = engine.tensor('float32', [1 << 20])
    const { data } = tensor
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(4 << 20)
    tensor.dispose()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
    expect(data?.length).toBe(0)
  })

  test('slices share it, and outlive their parent', async () => {
    const parent = floats([0, 1, 2, 3, 4, 5, 6, 7])
    const slice = parent.slice(2, [2, 2])
    const inner = slice.slice(3, [])
    slice.data?.set([20, 30, 40, 50] as never)
    expect(Array.from(await parent.read(), Number)).toEqual([0, 1, 20, 30, 40, 50, 6, 7])
    expect(Array.from(await inner.read(), Number)).toEqual([50])
    const { data } = parent
    parent.dispose()
    slice.dispose()
    expect(() => slice.slice(0, [1])).toThrow('disposed')
    expect(Array.from(await inner.read(), Number)).toEqual([50])
    expect(data?.length).toBe(8)
    inner.dispose()
    expect(data?.length).toBe(0)
  })

  test('slices are computed with in place', async () => {
    const program = await engine.compile(addition())
    const all = floats([1, 2, 3, 4, 5, 6])
    const [a, b] = [all.slice(1, [2]), all.slice(4, [2])]
    runSync(program.bind({ a, b, c: a }))
    expect(Array.from(await all.read(), Number)).toEqual([1, 7, 9, 4, 5, 6])
  })

  test('slices outside are refused', () => {
    const tensor = engine.tensor('int64', [2, 3])
    for (const [offset, shape] of [
      [-1, [1]],
      [0.5, [1]],
      [0, [7]],
      [6, []],
      [3, [2, 2]],
    ] as const)
      expect(() => tensor.slice(offset, shape)).toThrow('is outside tensor int64 (2, 3)')
    expect(tensor.slice(6, [0]).size).toBe(0)
    expect(() => tensor.slice(0, [-1])).toThrow('is not a shape')
  })

  test('that was moved to another thread is noticed', async () => {
    const program = await engine.compile(addition())
    const [a, b, c] = [floats([1]), floats([2]), floats([0])]
    const binding = program.bind({ a, b, c })
    const { port1 } = new MessageChannel()
    port1.postMessage(a.data, [(a.data as Float32Array).buffer as ArrayBuffer])
    port1.close()
    expect(() => runSync(binding)).toThrow('memory of tensor "a" float32 (1) was transferred')
    a.dispose()
  })

  test('that there is not enough of', () => {
    expect(() => engine.tensor('float32', [2 ** 45])).toThrow('does not fit in memory')
  })

  test('of weights may go while they are being loaded', async () => {
    const weight = floats(new Array(4096).fill(2))
    const model = onnxModel({
      inputs: [spec('x', [4096])],
      outputs: [spec('y', [4096])],
      weights: { w: { dtype: 'float32', shape: [4096], data: weight.data as Float32Array } },
      nodes: [['Mul', ['x', 'w'], ['y']]],
    })
    const compiling = engine.compile(model)
    weight.dispose()
    const program = await compiling
    expect(weight.data?.length).toBe(0)
    const [x, y] = [floats(new Array(4096).fill(3)), engine.tensor('float32', [4096])]
    runSync(program.bind({ x, y }))
    expect(new Set(y.data as Float32Array)).toEqual(new Set([6]))
  })
})

describe('stays flat', () => {
  const triple = () => {
    const [a, b, c] = [engine.tensor('float32', [1000]), engine.tensor('float32', [1000])].concat(
      engine.tensor('float32', [1000]),
    ) as [DeviceTensor, DeviceTensor, DeviceTensor]
    return { a, b, c }
  }

  test('over 10,000 runs, synchronous and not', async () => {
    const program = await engine.compile(addition())
    const tensors = triple()
    const binding = program.bind(tensors)
    const { signal } = new AbortController()
    tensors.b.write(new Float32Array(1000).fill(1))
    const chained = program.bind({ a: tensors.c, b: tensors.b, c: tensors.c })
    const grown = await growth(async () => {
      for (let i = 0; i < 10_000; i++) runSync(chained)
      for (let i = 0; i < 2000; i++) await binding.run(i % 2 ? { signal } : {})
    })
    expect(grown).toBeLessThan(2)
    runSync(chained)
    expect(tensors.c.data?.[0]).toBe(2) // binding wrote 0 + 1, then chained added 1
  })

  test('over 10,000 tensors and bindings', async () => {
    const program = await engine.compile(addition())
    const buffers = process.memoryUsage().arrayBuffers
    const grown = await growth(() => {
      for (let i = 0; i < 10_000; i++) {
        const tensors = triple()
        const binding = program.bind(tensors)
        runSync(binding)
        binding.dispose()
        for (const tensor of Object.values(tensors)) tensor.dispose()
      }
    })
    expect(grown).toBeLessThan(2)
    expect(process.memoryUsage().arrayBuffers - buffers).toBeLessThan(100_000)
  })

  test('over 100 programs, with weights of 1 MiB each', async () => {
    const data = new Float32Array(1 << 18).fill(1)
    const model = onnxModel({
      inputs: [spec('x', [1, 512])],
      outputs: [spec('y', [1, 512])],
      weights: { w: { dtype: 'float32', shape: [512, 512], data } },
      nodes: [['MatMul', ['x', 'w'], ['y']]],
    })
    const [x, y] = [engine.tensor('float32', [1, 512]), engine.tensor('float32', [1, 512])]
    x.write(new Float32Array(512).fill(1))
    const grown = await growth(async () => {
      for (let i = 0; i < 100; i++) {
        const program = await engine.compile(model)
        runSync(program.bind({ x, y }))
        program.dispose()
      }
    })
    expect(y.data?.[0]).toBe(512)
    expect(grown).toBeLessThan(2)
  })
})

describe('runs', () => {
  const bindSquare = (program: Program, size: number) => {
    const make = () => engine.tensor('float32', [size, size])
    const tensors = { x: make(), w: make(), y: make() }
    tensors.x.write(new Float32Array(size * size).fill(1))
    tensors.w.write(new Float32Array(size * size).fill(1 / size))
    return program.bind(tensors)
  }

  test('take place side by side', async () => {
    const long = bindSquare(await engine.compile(products(256, 400), { threading: 'caller' }), 256)
    const short = bindSquare(await engine.compile(products(256, 1), { threading: 'caller' }), 256)
    const ends: string[] = []
    const run = (binding: Binding, name: string) => binding.run().then(() => ends.push(name))
    await Promise.all([run(long, 'long'), run(short, 'short')])
    expect(ends).toEqual(['short', 'long'])
  })

  test.runIf(process.platform === 'linux')('use the threads they should', async () => {
    const wide = await openEngine({ engine: 'cpu', threads: 5 })
    const count = () => readdirSync('/proc/self/task').length
    ;(await wide.compile(addition())).dispose()
    const before = count()
    const pool = await wide.compile(addition(), { threading: 'pool' })
    expect(count() - before).toBe(4) // and the one that calls
    pool.dispose()
    expect(count()).toBe(before)
    await wide.compile(addition(), { threading: 'caller' })
    expect(count()).toBe(before)
    await wide.dispose()
  })

  test('end in their middle when cancelled', async () => {
    const program = await engine.compile(products(512, 1000)) // takes seconds
    const make = () => engine.tensor('float32', [512, 512])
    const [x, w, y] = [make(), make(), make()]
    x.write(new Float32Array(512 * 512).fill(1))
    w.write(new Float32Array(512 * 512).fill(1 / 512))
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 5)
    await expect(program.bind({ x, w, y }).run({ signal: controller.signal })).rejects.toBe(
      'enough',
    )
    expect(y.data?.[0]).toBe(0)
  })

  test('leave the event loop free', async () => {
    const program = await engine.compile(products(512, 100))
    const binding = bindSquare(program, 512)
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await binding.run()
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(2)
  })

  test('of a disposed engine are refused', async () => {
    const other = await openEngine({ engine: 'cpu', threads: 1 })
    const program = await other.compile(addition(), { label: 'sum' })
    const [a, b, c] = [floats([1], other), floats([2], other), floats([0], other)]
    const binding = program.bind({ a, b, c })
    const running = binding.run()
    const compiling = other.compile(addition())
    const { data } = c
    await Promise.all([other.dispose(), running, compiling])
    await other.dispose()
    expect(data?.length).toBe(0)
    expect(() => other.tensor('float32', [1])).toThrow('the cpu engine was disposed')
    await expect(other.compile(addition())).rejects.toThrow('the cpu engine was disposed')
    await expect(binding.run()).rejects.toThrow('program "sum" was disposed')
  })
})
