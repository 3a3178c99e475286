import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openEngines } from '../../../test/engines.ts'
import { onnxModel, spec } from '../../../test/onnx.ts'
import type { CompileOptions, Engine } from '../engine.ts'

const engines = await openEngines()
const [cpu] = engines as [Engine]
const webgpu = engines.find((engine) => engine.name === 'webgpu')
const folder = mkdtempSync(join(tmpdir(), 'chatwright-'))
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.dispose()))
  rmSync(folder, { recursive: true })
})

/** y = exp(x) + exp(x) * x, with the exponential written twice, and a node that does nothing. */
const twice = onnxModel({
  inputs: [spec('x', ['n'])],
  outputs: [spec('y', ['n'])],
  nodes: [
    ['Exp', ['x'], ['a']],
    ['Exp', ['x'], ['b']],
    ['Identity', ['a'], ['i']],
    ['Mul', ['b', 'x'], ['c']],
    ['Add', ['i', 'c'], ['y']],
  ],
})

/** The operators that a run of `twice` executes. */
async function operators(name: string, options: CompileOptions): Promise<string[]> {
  const program = await cpu.compile(twice, { ...options, profile: join(folder, name) })
  const [x, y] = [cpu.tensor('float32', [2]), cpu.tensor('float32', [2])]
  x.write([0, 1])
  await program.bind({ x, y }).run()
  program.dispose()
  expect(Array.from(await y.read(), Number)).toEqual([1, Math.fround(2 * Math.fround(Math.E))])
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`)) as string
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const names: string[] = events.flatMap(
    (event: { cat: string; name: string; args: { op_name: string } }) =>
      event.cat === 'Node' && event.name.endsWith('kernel_time') ? [event.args.op_name] : [],
  )
  return names.sort()
}

test('a profile shows what the optimizers left', async () => {
  expect(await operators('all', {})).toEqual(['Add', 'Exp', 'Mul'])
  const none = await operators('none', { optimization: 'none' })
  expect(none).toEqual(['Add', 'Exp', 'Exp', 'Identity', 'Mul'])
})

test('single optimizers can be left out', async () => {
  const cse = 'CommonSubexpressionElimination'
  const one = await operators('one', { withoutOptimizers: [cse] })
  expect(one).toEqual(['Add', 'Exp', 'Exp', 'Mul'])
  const two = await operators('two', { withoutOptimizers: [cse, 'EliminateIdentity'] })
  expect(two).toEqual(['Add', 'Exp', 'Exp', 'Identity', 'Mul'])
})

test.runIf(webgpu)('a node that only the CPU has is refused on demand', async () => {
  const engine = webgpu as Engine
  const model = onnxModel({
    inputs: [spec('x', ['n'])],
    outputs: [spec('y', ['k', 1], 'int64')],
    nodes: [
      ['NonZero', ['x'], ['t']],
      ['Transpose', ['t'], ['y']],
    ],
  })
  await engine.compile(model)
  await expect(engine.compile(model, { cpuFallback: false })).rejects.toThrow(/fallback/i)
  const able = await engine.compile(twice, { cpuFallback: false })
  const [x, y] = [engine.tensor('float32', [1]), engine.tensor('float32', [1])]
  await able.bind({ x, y }).run()
  expect(Array.from(await y.read(), Number)).toEqual([1])
})
