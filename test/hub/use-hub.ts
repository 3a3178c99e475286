import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'
import { sha256 } from './checksums.ts'
import { type Asked, type Content, FakeHub } from './server.ts'

export const NAME = 'someone/tiny'
export const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)
export const MODEL: Content = {
  'config.json': '{"model_type":"llama"}',
  'tokenizer.json': '{"version":"1.0"}',
  'model.safetensors': weights,
  'README.md': '# Tiny',
  'pytorch_model.bin': 'pickle',
  'onnx/model.onnx': 'graph',
}

/** The download of the weights, from where large files are. */
export const isWeights = ({ url, isStorage }: Asked): boolean =>
  isStorage && url.startsWith(`/${sha256(weights)}`)

interface HubInTest {
  hub: FakeHub
  cacheDir: string
  /** Of `MODEL`, which the Hub has as `NAME`. */
  commit: string
  /** Folder of the model in the cache. */
  root: string
  /** What every call is given. */
  options: { cacheDir: string; endpoint: string }
}

/** A Hub and an empty cache for each test, whatever the machine's own environment says. */
export function useHub(): HubInTest {
  const state = {} as HubInTest
  beforeEach(async () => {
    const names = ['HF_TOKEN', 'HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN_PATH']
    for (const name of [...names, 'HUGGING_FACE_HUB_TOKEN']) vi.stubEnv(name, '')
    const hub = await new FakeHub().start()
    const cacheDir = await mkdtemp(join(tmpdir(), 'chatwright-hub-'))
    vi.stubEnv('HF_HOME', cacheDir)
    Object.assign(state, {
      hub,
      cacheDir,
      commit: hub.put(NAME, MODEL),
      root: join(cacheDir, 'models--someone--tiny'),
      options: { cacheDir, endpoint: hub.endpoint },
    })
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await state.hub.stop()
    await rm(state.cacheDir, { recursive: true })
  })
  return state
}
