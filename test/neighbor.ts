import { openEngine } from '../src/runtime/open.ts'
import { addition } from './onnx.ts'

process.env.ORT_DISABLE_TELEMETRY = '1'

/** The package's own binding, as transformers.js uses it, in one process with ours. */
export async function addWithNeighbor(a: number[], b: number[]): Promise<number[]> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(addition().bytes)
  const tensor = (values: number[]) => new Tensor('float32', values, [values.length])
  const { c } = await session.run({ a: tensor(a), b: tensor(b) })
  return Array.from(c?.data as Float32Array)
}

export async function addWithUs(a: number[], b: number[]): Promise<number[]> {
  const engine = await openEngine({ engine: 'cpu', threads: 2 })
  const program = await engine.compile(addition())
  const tensors = [a, b, a.map(() => 0)].map((values) => {
    const tensor = engine.tensor('float32', [values.length])
    tensor.write(values)
    return tensor
  })
  const [x, y, z] = tensors as [(typeof tensors)[0], (typeof tensors)[0], (typeof tensors)[0]]
  await program.bind({ a: x, b: y, c: z }).run()
  const sums = Array.from(await z.read(), Number)
  await engine.dispose()
  return sums
}
