import type { Engine } from './engine.ts'
import { oneNodeModel } from './one-node-model.ts'

const SIZE = 1024
const MILLISECONDS = 100

/**
 * The machine's peak rate in floating-point operations per second: the best of the fp32 matrix
 * products (1024 x 1024 by 1024 x 1024, 2 operations per multiply-add) that fit in a tenth of a
 * second. The share of it that a training step reaches tells how much is left to gain.
 */
export async function measurePeak(engine: Engine): Promise<number> {
  const model = oneNodeModel('MatMul', ['a', 'b'], [SIZE, SIZE])
  const program = await engine.compile(model, { label: 'peak' })
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
    // A GPU's run resolves before its work is done.
    if (!engine.hostMemory) await tensors.y.read()
    best = Math.min(best, performance.now() - start)
  } while (performance.now() < end)
  program.dispose()
  for (const tensor of Object.values(tensors)) tensor.dispose()
  return (2 * SIZE ** 3) / (best / 1000)
}
