import { input, matmul } from '../graph/index.ts'
import { compile } from './compile.ts'
import type { Engine } from './engine.ts'

const SIZE = 1024
const MILLISECONDS = 100

/**
 * The machine's peak rate in floating-point operations per second: the best of the fp32 matrix
 * products (1024 x 1024 by 1024 x 1024, 2 operations per multiply-add) that fit in a tenth of a
 * second. The share of it that a training step reaches tells how much is left to gain.
 */
export async function measurePeak(engine: Engine): Promise<number> {
  const matrix = (name: string) => input(name, 'float32', [SIZE, SIZE])
  const product = await compile(engine, { y: matmul(matrix('a'), matrix('b')) }, { label: 'peak' })
  const bound = product.bind()
  const ones = new Float32Array(SIZE * SIZE).fill(1)
  await bound.run({ a: ones, b: ones })

  let best = Number.POSITIVE_INFINITY
  const end = performance.now() + MILLISECONDS
  do {
    const start = performance.now()
    await bound.run()
    // A GPU's run resolves before its work is done.
    if (!engine.hostMemory) await bound.read('y')
    best = Math.min(best, performance.now() - start)
  } while (performance.now() < end)
  bound.dispose()
  product.dispose()
  return (2 * SIZE ** 3) / (best / 1000)
}
