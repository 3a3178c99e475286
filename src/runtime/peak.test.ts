import { afterAll, expect, test } from 'vitest'
import { openEngine } from './open.ts'
import { measurePeak } from './peak.ts'

const engine = await openEngine({ engine: 'cpu' })
afterAll(() => engine.dispose())

test('the peak rate is that of a processor, and the matrices are given back', async () => {
  const buffers = process.memoryUsage().arrayBuffers
  const rate = await measurePeak(engine)
  expect(rate).toBeGreaterThan(1e9)
  expect(rate).toBeLessThan(1e14)
  expect(process.memoryUsage().arrayBuffers - buffers).toBeLessThan(8 << 20)
})
