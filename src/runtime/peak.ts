import { encodeModel } from '../graph/onnx/proto.ts'
import type { Engine } from './engine.ts'

const SIZE = 1024
const MILLISECONDS = 100

/**
 * The machine's peak rate in floating-point operations per second: the best of the fp32 matrix
 * products (1024 x 1024 by 1024 x 1024, 2 operations per multiply-add) that fit in a tenth of a
 * second. What share of it a training step reaches tells how much is left to gain.
 */
export async function measurePeak(engine: Engine): Promise<number> {
  const spec = (name: string) => ({ name, dtype: 'float32', shape: [SIZE, SIZE] }) as const
  const [a, b, y] = [spec('a'), spec('b'), spec('y')]
  const node = { type: 'MatMul', name: 'y', inputs: ['a', 'b'], outputs: ['y'], attributes: {} }
  const [inputs, outputs] = [[a, b], [y]]
  const bytes = encodeModel({ nodes: [{ ...node, domain: '' }], inputs, outputs, initializers: [] })
  const program = await engine.compile({ bytes, inputs, outputs, weights: {} }, { label: 'peak' })
  const matrix = () => engine.tensor('float32', [SIZE, SIZE])
  const tensors = { a: matrix(), b: matrix(), y: matrix() }
  const ones = new Float32Array(SIZE * SIZE).fill(1)
  tensors.a.write(ones)
  tensors.b.write(ones)
  const binding = program.bind(tensors)

  let best = Number.POSITIVE_INFINITY
  await binding.run()
  const end = performance.now() + MILLISECONDS
  do {
    const start = performance.now()
    await binding.run()
    if (!engine.hostMemory) await tensors.y.read() // a GPU's run ends before its work does
    best = Math.min(best, performance.now() - start)
  } while (performance.now() < end)
  program.dispose()
  for (const tensor of Object.values(tensors)) tensor.dispose()
  return (2 * SIZE ** 3) / (best / 1000)
}
