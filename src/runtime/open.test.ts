import { afterEach, expect, test, vi } from 'vitest'
import { EngineUnavailable, UserError } from '../errors.ts'
import type { Engine } from './engine.ts'
import { openEngine } from './open.ts'

afterEach(() => {
  vi.doUnmock('./native/cpu.ts')
  vi.doUnmock('./web/node.ts')
})

test('auto takes the CPU, with all threads', async () => {
  const engine = await openEngine()
  expect(engine.name).toBe('cpu')
  expect(engine.reason).toBe(
    `cpu: ONNX Runtime 1.30.0, native, ${engine.threads} thread${engine.threads > 1 ? 's' : ''}`,
  )
  await engine.dispose()
})

test('auto goes on to WebAssembly, and tells it why', async () => {
  vi.doMock('./native/cpu.ts', () => ({
    openCpu: async () => {
      throw new EngineUnavailable('no library; run: npm i')
    },
  }))
  const openWasm = vi.fn(async () => ({ name: 'wasm' }) as Engine)
  vi.doMock('./web/node.ts', () => ({ openWasm }))
  expect((await openEngine({ threads: 3 })).name).toBe('wasm')
  expect(openWasm).toHaveBeenCalledWith(3, 'no library; run: npm i')
  await expect(openEngine({ engine: 'cpu' })).rejects.toThrow(EngineUnavailable)
})

test('auto does not hide other errors', async () => {
  vi.doMock('./native/cpu.ts', () => ({ openCpu: () => Promise.reject(new Error('a bug')) }))
  await expect(openEngine()).rejects.toThrow('a bug')
})

test('koffi may be missing', async () => {
  vi.doMock('./native/cpu.ts', () => {
    throw new Error('cannot find the native module')
  })
  await expect(openEngine({ engine: 'cpu' })).rejects.toThrow(/^koffi cannot be used here: /)
  await expect(openEngine({ engine: 'cpu' })).rejects.toThrow(EngineUnavailable)
})

test("impossible options are the user's mistake", async () => {
  for (const threads of [0, -1, 1.5, Number.NaN])
    await expect(openEngine({ threads })).rejects.toThrow(
      `threads must be a whole number of at least 1, not ${threads}`,
    )
  const engine = 'cuda' as 'cpu'
  await expect(openEngine({ engine })).rejects.toThrow(
    new UserError('engine must be auto, cpu, webgpu or wasm, not cuda'),
  )
})
