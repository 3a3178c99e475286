import { afterAll, test } from 'vitest'
import { CACHED, checkCachedDecoding } from '../../test/cached-decoding.ts'
import { openSoftwareGpu, orSkip } from '../../test/engines.ts'

const engine = await orSkip('native WebGPU', openSoftwareGpu())
afterAll(() => engine?.dispose())

test.skipIf(!engine).each(CACHED)(
  'webgpu, %s: cached and uncached decoding agree',
  { timeout: 120_000 },
  async (name) => {
    if (engine) await checkCachedDecoding(engine, name)
  },
)
