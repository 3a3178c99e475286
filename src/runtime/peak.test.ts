import { afterAll, expect, test } from 'vitest'
import { peakMemory, residentMemory } from './memory.ts'
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

test('peak memory remembers what resident memory has forgotten', () => {
  const tensor = engine.tensor('uint8', [100_000_000])
  tensor.data?.fill(1 as never)
  const held = residentMemory()
  expect(peakMemory()).toBeGreaterThanOrEqual(held - (1 << 20))
  tensor.dispose()
  expect(held - residentMemory()).toBeGreaterThan(90_000_000)
  expect(peakMemory()).toBeGreaterThanOrEqual(held - (1 << 20))
})
