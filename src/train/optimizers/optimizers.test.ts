import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Reference, type ReferenceName, references } from '../../../test/optimizers.ts'
import { input, type Tensor, toOnnx } from '../../graph/index.ts'
import { Random } from '../../random.ts'
import type { DeviceTensor, Engine } from '../../runtime/engine.ts'
import { openEngine } from '../../runtime/open.ts'
import { muon, OPTIMIZERS, type Optimizer, type OptimizerOptions } from './index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await openEngine({ engine: 'cpu', threads: 1 })
})
afterAll(() => engine.dispose())

const RATE = 0.01
const DECAY = 0.1
const STEPS = 3

/** Parameters after three steps on the given gradients, as the optimizer's own program computes. */
async function run(optimizer: Optimizer, start: number[], gradients: number[][], shape: number[]) {
  const vector = (name: string) => input(name, 'float32', shape)
  const scalar = (name: string) => input(name, 'float32', [])
  const state = Object.fromEntries(optimizer.state.map((name) => [name, vector(name)]))
  const { parameter, state: next } = optimizer.update({
    parameter: vector('parameter'),
    gradient: vector('gradient'),
    state,
    learningRate: scalar('rate'),
    weightDecay: DECAY,
    scalar,
  })
  const outputs: Record<string, Tensor> = { 'next.parameter': parameter }
  for (const [name, tensor] of Object.entries(next)) outputs[`next.${name}`] = tensor
  const program = await engine.compile(toOnnx(outputs, { target: 'cpu' }))
  const tensors: Record<string, DeviceTensor> = {}
  for (const { name, shape } of program.inputs)
    tensors[name] = engine.tensor('float32', shape as number[])
  tensors.parameter?.write(start)
  tensors.rate?.write([RATE])
  const places = { ...tensors }
  for (const { name } of program.outputs) places[name] = tensors[name.slice(5)] as DeviceTensor
  const binding = program.bind(places)
  for (let step = 1; step <= STEPS; step++) {
    tensors.gradient?.write(gradients[step - 1] as number[])
    for (const [name, value] of Object.entries(optimizer.scalars?.(step) ?? {}))
      tensors[name]?.write([value])
    await binding.run()
  }
  const result = Array.from((await (tensors.parameter as DeviceTensor).read()) as Float32Array)
  program.dispose()
  for (const tensor of Object.values(tensors)) tensor.dispose()
  return result
}

const random = new Random(4)
const numbers = (count: number) => Array.from({ length: count }, () => random.normal())

const names = Object.keys(references) as ReferenceName[]
const settings = { rate: RATE, decay: DECAY }

describe.each(names)('%s', (name) => {
  test.each([
    ['with its own betas', {}],
    ['with beta1 0', { beta1: 0 }],
    ['with beta2 0', { beta2: 0 }],
    ['with both betas 0', { beta1: 0, beta2: 0 }],
    ['with betas near 1', { beta1: 0.9999, beta2: 0.9999 }],
    ['with a tiny beta1', { beta1: 1e-30 }],
  ])('each element goes as the paper says: %s', async (_, betas: OptimizerOptions) => {
    const reference: Reference = references[name](settings, betas.beta1, betas.beta2)
    const start = numbers(50)
    const gradients = Array.from({ length: STEPS }, () => numbers(50))
    const result = await run(OPTIMIZERS[name].create(betas), start, gradients, [50])
    for (const [i, first] of start.entries()) {
      const memory = { m: 0, v: 0 }
      let p = first
      for (let t = 1; t <= STEPS; t++)
        p = reference(p, (gradients[t - 1] as number[])[i] as number, memory, t)
      expect(result[i]).toBeCloseTo(p, 5)
    }
  })

  test('a gradient of zero moves nothing but the decay', async () => {
    const zeros = Array.from({ length: STEPS }, () => [0, 0])
    const result = await run(OPTIMIZERS[name].create({}), [0, 1], zeros, [2])
    expect(result[0]).toBe(0)
    expect(result.every(Number.isFinite)).toBe(true)
  })
})

test.each([[[4, 6]], [[6, 4]]])(
  "muon's step has singular values near 1 and the direction of the gradient: %s",
  async (shape) => {
    const [rows = 0, columns = 0] = shape
    const gradient = numbers(rows * columns)
    const zeros = gradient.map(() => 0)
    const [after] = [await run(muon({ momentum: 0 }), zeros, [gradient, zeros, zeros], shape)]
    // With momentum 0 only the first step moves: p = -rate 0.2 sqrt(max) O, so O comes back.
    const scale = -RATE * 0.2 * Math.sqrt(Math.max(rows, columns))
    const O = (r: number, c: number) => (after[r * columns + c] as number) / scale
    const short = Math.min(rows, columns)
    let [trace, aligned] = [0, 0]
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        trace += O(r, c) ** 2
        aligned += O(r, c) * (gradient[r * columns + c] as number)
      }
    // Five steps of the quintic leave singular values between about 0.7 and 1.2.
    expect(trace / short).toBeGreaterThan(0.5)
    expect(trace / short).toBeLessThan(1.45)
    expect(aligned).toBeGreaterThan(0)
  },
)
