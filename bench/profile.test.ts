import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { add, input, matmul, tanh, toOnnx } from '../src/graph/index.ts'
import { openEngine } from '../src/runtime/open.ts'
import { formatProfile, readTraces, summarize, type TraceEvent } from './profile.ts'
import { profiled } from './profiled-engine.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a profiled program tells its operators, shapes and products', async () => {
  const own = await openEngine({ engine: 'cpu', threads: 1 })
  const engine = profiled(own, join(folder, 'trace-'))
  const [a, b] = [input('a', 'float32', [5, 3, 4]), input('b', 'float32', [5, 6, 4])]
  const y = add(tanh(matmul(a, b, { transposeB: true })), input('c', 'float32', [6]))
  const program = await engine.compile(toOnnx({ y }, { target: 'cpu' }))
  const tensor = (shape: number[]) => engine.tensor('float32', shape)
  const binding = program.bind({
    a: tensor([5, 3, 4]),
    b: tensor([5, 6, 4]),
    c: tensor([6]),
    y: tensor([5, 3, 6]),
  })
  for (let i = 0; i < 3; i++) await binding.run()
  await engine.dispose()
  const shares = summarize(await readTraces(folder))
  const found = shares.map(({ operator, shapes, runs, flops }) => [operator, shapes, runs, flops])
  expect(found.sort()).toEqual([
    ['Add', '(5 3 6) (6) -> (5 3 6)', 3, 0],
    ['FusedMatMul', '(5 3 4) (5 6 4) -> (5 3 6)', 3, 3 * 2 * 5 * 3 * 6 * 4],
    ['Tanh', '(5 3 6) -> (5 3 6)', 3, 0],
  ])
})

const event = (op_name: string, dur: number, shape: number[]): TraceEvent => ({
  cat: 'Node',
  name: `${op_name}_kernel_time`,
  dur,
  args: { op_name, input_type_shape: [{ float: shape }], output_type_shape: [{ float: shape }] },
})

test('the profile adds up by operator and by shape, in milliseconds of a step', () => {
  const session = { ...event('Add', 9000, [1]), cat: 'Session' }
  const events = [event('Add', 1000, [2]), event('Add', 500, [2]), event('Add', 100, [9]), session]
  expect(formatProfile([...events, event('MatMul', 400, [2, 2])], 2).split('\n')).toEqual([
    '  ms   share  runs  GFLOP/s  operator',
    '0.80  80.0 %   1.5           Add',
    '0.20  20.0 %   0.5        0  MatMul',
    '',
    '  ms   share  runs  GFLOP/s  operator',
    '0.75  75.0 %   1.0           Add (2) -> (2)',
    '0.20  20.0 %   0.5        0  MatMul (2 2) -> (2 2)',
    '0.05   5.0 %   0.5           Add (9) -> (9)',
    '',
    '1.0 ms of operators in a step',
  ])
})
