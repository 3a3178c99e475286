import { afterAll, describe, expect, test } from 'vitest'
import { openEngines } from '../../test/engines.ts'
import { addition, onnxModel, products, spec } from '../../test/onnx.ts'
import type { DType, TypedArray } from '../graph/dtype.ts'
import { DTYPES } from '../graph/dtype.ts'
import type { DeviceTensor, Engine } from './engine.ts'

const engines = await openEngines()
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())))

const fill = (engine: Engine, values: number[], dtype: DType = 'float32'): DeviceTensor => {
  const tensor = engine.tensor(dtype, [values.length])
  tensor.write(values)
  return tensor
}

const read = async (tensor: DeviceTensor): Promise<number[]> =>
  Array.from(await tensor.read(), Number)

describe.each(engines)('$name', (engine) => {
  test('says what it is', () => {
    expect(engine.reason).toMatch(new RegExp(`^${engine.name}: ONNX Runtime 1\\.30\\.0, `))
    expect(engine.threads).toBe(2)
    expect(engine.hostMemory).toBe(engine.name !== 'webgpu')
  })

  test('a new tensor is zero, and reads what was written', async () => {
    for (const dtype of Object.keys(DTYPES) as DType[]) {
      const tensor = engine.tensor(dtype, [2, 3])
      expect([tensor.dtype, tensor.shape, tensor.size]).toEqual([dtype, [2, 3], 6])
      expect(await read(tensor)).toEqual([0, 0, 0, 0, 0, 0])
      tensor.write([1, 0, 1, 1, 0, 1])
      expect(await tensor.read()).toBeInstanceOf(DTYPES[dtype].array)
      expect(await read(tensor)).toEqual([1, 0, 1, 1, 0, 1])
      tensor.dispose()
    }
  })

  test('what read returns is a copy', async () => {
    const tensor = fill(engine, [1, 2])
    const values = await tensor.read()
    tensor.write([3, 4])
    expect(Array.from(values, Number)).toEqual([1, 2])
    const given = Float32Array.of(5, 6)
    tensor.write(given)
    given[0] = 7
    expect(await read(tensor)).toEqual([5, 6])
  })

  test('a slice of the whole has its values in another shape', async () => {
    const tensor = engine.tensor('float32', [2, 3])
    const row = tensor.slice(0, [6])
    tensor.write([1, 2, 3, 4, 5, 6])
    expect(row.shape).toEqual([6])
    expect(await read(row)).toEqual([1, 2, 3, 4, 5, 6])
    tensor.dispose()
    const program = await engine.compile(addition())
    await program.bind({ a: row, b: row, c: row }).run()
    expect(await read(row)).toEqual([2, 4, 6, 8, 10, 12])
    expect(() => row.slice(1, [6])).toThrow('slice')
  })

  test('runs a program whenever its inputs were changed', async () => {
    const program = await engine.compile(addition())
    const [a, b, c] = [fill(engine, [1, 2, 3]), fill(engine, [10, 20, 30]), fill(engine, [0, 0, 0])]
    const binding = program.bind({ a, b, c })
    await binding.run()
    expect(await read(c)).toEqual([11, 22, 33])
    a.write([4, 5, 6])
    await binding.run()
    expect(await read(c)).toEqual([14, 25, 36])
  })

  test('an output may be written over an input, run after run', async () => {
    const program = await engine.compile(addition())
    const [total, step] = [fill(engine, [0, 100]), fill(engine, [1, 2])]
    const binding = program.bind({ a: total, b: step, c: total })
    for (let i = 0; i < 10; i++) await binding.run()
    expect(await read(total)).toEqual([10, 120])
  })

  test('what one program leaves is what the next reads', async () => {
    const program = await engine.compile(addition())
    const [one, two, four] = [fill(engine, [1]), fill(engine, [0]), fill(engine, [0])]
    await program.bind({ a: one, b: one, c: two }).run()
    await program.bind({ a: two, b: two, c: four }).run()
    expect(await read(four)).toEqual([4])
  })

  test('one program serves every size of a named dimension', async () => {
    const program = await engine.compile(addition())
    for (const n of [1, 7, 1000]) {
      const [a, b, c] = [
        fill(engine, new Array(n).fill(3)),
        fill(engine, new Array(n).fill(4)),
      ].concat(engine.tensor('float32', [n])) as [DeviceTensor, DeviceTensor, DeviceTensor]
      await program.bind({ a, b, c }).run()
      expect(await read(c)).toEqual(new Array(n).fill(7))
    }
  })

  test('scalars', async () => {
    const model = onnxModel({
      inputs: [spec('a', []), spec('b', ['n'])],
      outputs: [spec('c', ['n'])],
      nodes: [['Mul', ['a', 'b'], ['c']]],
    })
    const program = await engine.compile(model)
    const a = engine.tensor('float32', [])
    a.write([5])
    expect(a.size).toBe(1)
    const [b, c] = [fill(engine, [1, 2]), fill(engine, [0, 0])]
    await program.bind({ a, b, c }).run()
    expect(await read(c)).toEqual([5, 10])
  })

  test('empty tensors', async () => {
    const program = await engine.compile(addition())
    const empty = () => engine.tensor('float32', [0])
    const c = empty()
    await program.bind({ a: empty(), b: empty(), c }).run()
    expect(await read(c)).toEqual([])
    expect(engine.tensor('float32', [3, 0, 2]).size).toBe(0)
  })

  test('weights are copied: changing them later changes nothing', async () => {
    const data = Float32Array.of(1, 2, 3, 4)
    const big = new Float32Array(256 * 4).fill(1)
    const model = onnxModel({
      inputs: [spec('x', ['n', 256])],
      outputs: [spec('y', ['n', 4])],
      weights: {
        w: { dtype: 'float32', shape: [256, 4], data: big },
        b: { dtype: 'float32', shape: [4], data },
      },
      nodes: [
        ['MatMul', ['x', 'w'], ['h']],
        ['Add', ['h', 'b'], ['y']],
      ],
    })
    const program = await engine.compile(model)
    data.fill(99)
    big.fill(99)
    const [x, y] = [engine.tensor('float32', [1, 256]), engine.tensor('float32', [1, 4])]
    x.write(new Float32Array(256).fill(0.5))
    await program.bind({ x, y }).run()
    expect(await read(y)).toEqual([129, 130, 131, 132])
  })

  test('runs of several bindings at once', async () => {
    const program = await engine.compile(products(64, 8), { threading: 'caller' })
    const identity = new Float32Array(64 * 64)
    for (let i = 0; i < 64; i++) identity[i * 65] = 1
    const jobs = Array.from({ length: 20 }, (_, i) => {
      const [x, w, y] = [0, 0, 0].map(() => engine.tensor('float32', [64, 64])) as DeviceTensor[]
      x?.write(new Float32Array(64 * 64).fill(i))
      w?.write(identity)
      const tensors = { x, w, y } as Record<string, DeviceTensor>
      return { binding: program.bind(tensors), y: y as DeviceTensor }
    })
    await Promise.all(jobs.map(({ binding }) => binding.run()))
    for (const [i, { y }] of jobs.entries()) expect(new Set(await read(y))).toEqual(new Set([i]))
  })

  describe('refuses, and goes on working:', () => {
    test('a binding that does not fit', async () => {
      const program = await engine.compile(addition(), { label: 'sum' })
      const [a, b, c] = [fill(engine, [1, 2]), fill(engine, [3, 4]), fill(engine, [0, 0])]
      expect(() => program.bind({ a, b })).toThrow(
        'program "sum": output "c" float32 (n) is not bound',
      )
      expect(() => program.bind({ a, b, c, d: a })).toThrow(
        'no tensor "d"; its tensors are a, b, c',
      )
      expect(() => program.bind({ a, b: fill(engine, [1]), c })).toThrow(
        'dimension n is 2 in "a" and 1 in "b"',
      )
      expect(() => program.bind({ a: fill(engine, [1, 2], 'int32'), b, c })).toThrow(
        'input "a" float32 (n) was given int32 (2)',
      )
      expect(() => program.bind({ a, b, c: engine.tensor('float32', [2, 1]) })).toThrow(
        'output "c" float32 (n) was given float32 (2, 1)',
      )
      await program.bind({ a, b, c }).run()
      expect(await read(c)).toEqual([4, 6])
    })

    test('tensors that were disposed', async () => {
      const program = await engine.compile(addition(), { label: 'sum' })
      const [a, b, c] = [fill(engine, [1, 2]), fill(engine, [3, 4]), fill(engine, [0, 0])]
      const binding = program.bind({ a, b, c })
      b.dispose()
      b.dispose()
      await expect(binding.run()).rejects.toThrow('tensor "b" float32 (2) was disposed')
      expect(() => program.bind({ a, b, c })).toThrow('tensor "b" float32 (2) was disposed')
      expect(() => b.write([1, 2])).toThrow('tensor "b" float32 (2) was disposed')
      await expect(b.read()).rejects.toThrow('tensor "b" float32 (2) was disposed')
      expect(() => b.slice(0, [1])).toThrow('tensor "b"')
    })

    test('bindings and programs that were disposed', async () => {
      const program = await engine.compile(addition(), { label: 'sum' })
      const [a, b, c] = [fill(engine, [1]), fill(engine, [2]), fill(engine, [0])]
      const first = program.bind({ a, b, c })
      const second = program.bind({ a, b, c })
      first.dispose()
      first.dispose()
      await expect(first.run()).rejects.toThrow('program "sum": this binding was disposed')
      await second.run()
      expect(await read(c)).toEqual([3])
      program.dispose()
      program.dispose()
      await expect(second.run()).rejects.toThrow('program "sum" was disposed')
      expect(() => program.bind({ a, b, c })).toThrow('program "sum" was disposed')
      second.dispose()
    })

    test('values that do not fit', () => {
      const tensor = fill(engine, [1, 2, 3])
      expect(() => tensor.write([1])).toThrow('float32 (3) has 3 elements, but 1 were given')
      expect(() => tensor.write(Int32Array.of(1, 2, 3))).toThrow(
        'float32 (3) takes a Float32Array or numbers, not a Int32Array',
      )
      expect(() => engine.tensor('float32', [2, -1])).toThrow('(2, -1) is not a shape')
      expect(() => engine.tensor('float32', [1.5])).toThrow('(1.5) is not a shape')
    })

    test('weights that are not what they are said to be', async () => {
      const compile = (data: TypedArray) => {
        const weights = { w: { dtype: 'float32', shape: [2], data } } as const
        const ends = { inputs: [spec('x', [2])], outputs: [spec('y', [2])] }
        return engine.compile(onnxModel({ ...ends, weights, nodes: [['Add', ['x', 'w'], ['y']]] }))
      }
      await expect(compile(Float32Array.of(1))).rejects.toThrow(
        'weight "w" is float32 (2), but its data is a Float32Array of 1',
      )
      await expect(compile(Int32Array.of(1, 2))).rejects.toThrow('a Int32Array of 2')
    })

    test('models that ONNX Runtime cannot load', async () => {
      const ends = { inputs: [spec('x', [2])], outputs: [spec('y', [2])] }
      const unknown = onnxModel({ ...ends, nodes: [['NoSuchOperator', ['x'], ['y']]] })
      await expect(engine.compile(unknown, { label: 'odd' })).rejects.toThrow(
        /program "odd": .*NoSuchOperator/s,
      )
      const garbage = { ...unknown, bytes: new Uint8Array(1000).fill(7) }
      await expect(engine.compile(garbage)).rejects.toThrow('program "program": ')
    })

    test('a node that the GPU lacks, on demand', async () => {
      const model = onnxModel({
        inputs: [spec('x', ['n'])],
        outputs: [spec('y', ['k', 1], 'int64')],
        nodes: [
          ['NonZero', ['x'], ['t']],
          ['Transpose', ['t'], ['y']],
        ],
      })
      await engine.compile(model)
      const compiled = engine.compile(model, { cpuFallback: false })
      if (engine.name === 'webgpu') await expect(compiled).rejects.toThrow(/fallback/i)
      else expect((await compiled).inputs).toHaveLength(1)
    })

    test('errors within a run', async () => {
      const model = onnxModel({
        inputs: [spec('x', ['n']), spec('i', ['m'], 'int64')],
        outputs: [spec('y', ['k'])],
        nodes: [['Reshape', ['x', 'i'], ['y']]],
      })
      const program = await engine.compile(model, { label: 'reshape' })
      const [x, y] = [fill(engine, [1, 2, 3, 4]), fill(engine, [0, 0, 0, 0])]
      const i = fill(engine, [3], 'int64')
      const binding = program.bind({ x, i, y })
      await expect(binding.run()).rejects.toThrow(/program "reshape": .*Reshape/s)
      i.write([4])
      // The page's WebGPU loses the program, not the engine.
      const isLost = engine.reason.endsWith('in the page')
      if (isLost) expect(() => program.bind({ x, i, y })).toThrow('compile it anew')
      const again = isLost ? await engine.compile(model) : program
      await again.bind({ x, i, y }).run()
      expect(await read(y)).toEqual([1, 2, 3, 4])
    })

    test('tensors of another engine', async () => {
      const program = await engine.compile(addition())
      const other = engines.find((candidate) => candidate !== engine) ?? engine
      const [a, b, c] = [fill(other, [1]), fill(engine, [2]), fill(engine, [0])]
      if (other !== engine)
        expect(() => program.bind({ a, b, c })).toThrow('tensor "a" is another engine\'s')
    })

    test('a second run of a binding that is running', async () => {
      const program = await engine.compile(addition(), { label: 'sum' })
      const [a, b, c] = [fill(engine, [1]), fill(engine, [2]), fill(engine, [0])]
      const binding = program.bind({ a, b, c })
      const first = binding.run()
      await expect(binding.run()).rejects.toThrow('program "sum": this binding is running')
      if (binding.runSync) expect(() => binding.runSync?.()).toThrow('this binding is running')
      await first
      await binding.run()
      expect(await read(c)).toEqual([3])
    })
  })

  test('everything may be disposed while it is in use', async () => {
    const program = await engine.compile(products(128, 50))
    const runs = Array.from({ length: engine.parallelRuns + 2 }, () => {
      const [x, w, y] = ['x', 'w', 'y'].map(() => engine.tensor('float32', [128, 128])) as [
        DeviceTensor,
        DeviceTensor,
        DeviceTensor,
      ]
      x.write(new Float32Array(128 * 128).fill(1))
      const binding = program.bind({ x, w, y })
      const run = Promise.all([binding.run(), y.read()])
      for (const item of [binding, x, w, y]) item.dispose()
      return { binding, run }
    })
    program.dispose()
    for (const { binding, run } of runs) {
      await run
      await expect(binding.run()).rejects.toThrow('disposed')
    }
  })

  describe('cancelling', () => {
    test('before the run', async () => {
      const program = await engine.compile(addition())
      const [a, b, c] = [fill(engine, [1]), fill(engine, [2]), fill(engine, [0])]
      const binding = program.bind({ a, b, c })
      const reason = new Error('not today')
      await expect(binding.run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(await read(c)).toEqual([0])
      await binding.run({ signal: new AbortController().signal })
      expect(await read(c)).toEqual([3])
    })

    test('during the run', async () => {
      const program = await engine.compile(products(64, 400))
      const make = () => engine.tensor('float32', [64, 64])
      const [x, w, y] = [make(), make(), make()]
      x.write(new Float32Array(64 * 64).fill(1))
      w.write(new Float32Array(64 * 64).fill(1 / 64))
      const binding = program.bind({ x, w, y })
      const controller = new AbortController()
      const reason = new Error('enough')
      const run = binding.run({ signal: controller.signal })
      controller.abort(reason)
      await expect(run).rejects.toBe(reason)
      await binding.run()
      expect((await read(y))[0]).toBeCloseTo(1, 4)
    })
  })
})
