import { type OnnxModel, type Tensor, toOnnx } from '../../src/graph/index.ts'
import type { DeviceTensor, Engine } from '../../src/runtime/engine.ts'
import type { NdArray } from '../interpreter/array.ts'
import { gradientGraph } from '../interpreter/check-gradient.ts'
import { evaluate, type Feeds } from '../interpreter/evaluate.ts'
import type { Case } from './case.ts'

/**
 * Computes a case's values and derivatives on an engine, as one program; throws where they are not
 * the interpreter's, and where a GPU leaves a node to the CPU.
 */
export async function runCase(engine: Engine, test: Case): Promise<void> {
  const { outputs, gradients, feeds } = gradientGraph(test.build, test.inputs, test.by)
  const wanted: Record<string, Tensor> = {}
  for (const [i, output] of outputs.entries()) wanted[`output ${i}`] = output
  for (const [name, gradient] of Object.entries(gradients)) wanted[`gradient of ${name}`] = gradient
  const names = Object.keys(wanted)
  const values = evaluate(Object.values(wanted), feeds)
  const expected = Object.fromEntries(names.map((name, i) => [name, values[i] as NdArray]))
  if (engine.name === 'webgpu' && test.webgpuRefusal)
    return expectRefusal(() => toOnnx(wanted, { target: 'webgpu' }), test.webgpuRefusal)
  const model = toOnnx(wanted, { target: engine.name })
  const inPlace = Object.entries(test.inPlace).map(([i, input]) => [`output ${i}`, input])
  const results = await run(engine, model, feeds, expected, {
    cpuFallback: test.usesHost,
    inPlace: Object.fromEntries(inPlace),
  })
  const tolerance = engine.name === 'webgpu' ? test.webgpuTolerance : test.tolerance
  for (const name of names) compare(name, results[name] ?? [], expected[name] as NdArray, tolerance)
}

function expectRefusal(emit: () => void, refusal: string): void {
  try {
    emit()
  } catch (error) {
    if ((error as Error).message.includes(refusal)) return
    throw error
  }
  throw new Error(`it was not refused: ${refusal}`)
}

export interface RunOptions {
  cpuFallback?: boolean
  /** Outputs that are written to the memory of an input, by their names. */
  inPlace?: Readonly<Record<string, string>>
}

/** A program's outputs, as numbers; their shapes must be those of `expected`. */
export async function run(
  engine: Engine,
  model: OnnxModel,
  feeds: Feeds,
  expected: Readonly<Record<string, { shape: readonly number[] }>>,
  { cpuFallback = true, inPlace = {} }: RunOptions = {},
): Promise<Record<string, number[]>> {
  const tensors: Record<string, DeviceTensor> = {}
  for (const { name, dtype } of model.inputs) {
    const { shape, values } = feeds[name] as Feeds[string]
    tensors[name] = engine.tensor(dtype, shape)
    tensors[name].write(Array.from(values))
  }
  for (const { name, dtype } of model.outputs)
    tensors[name] =
      tensors[inPlace[name] ?? ''] ?? engine.tensor(dtype, expected[name]?.shape ?? [])
  const program = await engine.compile(model, { cpuFallback })
  await program.bind(tensors).run()
  const results: Record<string, number[]> = {}
  for (const { name } of model.outputs)
    results[name] = Array.from((await tensors[name]?.read()) ?? [], Number)
  program.dispose()
  for (const tensor of Object.values(tensors)) tensor.dispose()
  return results
}

/** Where NaN is expected, anything may stand. */
function compare(name: string, found: number[], expected: NdArray, tolerance: number): void {
  const scale = expected.data.reduce((most, x) => Math.max(most, Math.abs(x) || 0), 1)
  for (const [i, y] of expected.data.entries())
    if (!Number.isNaN(y) && !(Math.abs((found[i] ?? Number.NaN) - y) <= tolerance * scale))
      throw new Error(`${name}[${i}]: ${found[i]} instead of ${y}`)
}
