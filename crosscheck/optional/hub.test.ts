import { execFile, spawn } from 'node:child_process'
import { lstat, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pullModel } from '../../src/hub/pull.ts'
import { resolveModel } from '../../src/hub/resolve-model.ts'
import { sha256 } from '../../test/hub/checksums.ts'
import { FakeHub } from '../../test/hub/server.ts'

const NAME = 'someone/tiny'
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)
const content = { 'config.json': '{}', 'tokenizer.json': '{}', 'model.safetensors': weights }

const run = (code: string, env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)('python3', ['-c', code], { env: { ...process.env, ...env } })
const hasPeer = await run('import huggingface_hub').then(
  () => true,
  () => false,
)

let hub: FakeHub
let cacheDir: string
beforeEach(async () => {
  hub = await new FakeHub().start()
  cacheDir = await mkdtemp(join(tmpdir(), 'chatwright-hub-'))
  hub.put(NAME, content)
})
afterEach(async () => {
  await hub.stop()
  await rm(cacheDir, { recursive: true })
})

/** What Hugging Face's own library answers, without Xet, which this Hub does not speak. */
async function python(expression: string, isOffline: boolean): Promise<string> {
  const { stdout } = await run(`import huggingface_hub as hub; print(${expression})`, {
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_CACHE: cacheDir,
    HF_HUB_OFFLINE: isOffline ? '1' : '0',
    HF_HUB_DISABLE_XET: '1',
  })
  return stdout.trim()
}

const snapshot = `hub.snapshot_download('${NAME}')`
const settings = () => ({ cacheDir, endpoint: hub.endpoint })
const downloads = () => hub.asked.filter(({ method, isStorage }) => method === 'GET' && isStorage)

describe.skipIf(!hasPeer)('huggingface_hub, in Python, on the same cache', () => {
  it('uses what was pulled here, without a network', async () => {
    const folder = await pullModel(NAME, settings())
    expect(await python(snapshot, true)).toBe(folder)
    const file = await python(`hub.hf_hub_download('${NAME}', 'model.safetensors')`, true)
    expect(await readFile(file)).toEqual(Buffer.from(weights))
  })

  it('downloads nothing again that was pulled here', async () => {
    const folder = await pullModel(NAME, settings())
    const before = downloads().length
    expect(await python(snapshot, false)).toBe(folder)
    expect(downloads()).toHaveLength(before)
  })

  it('fetches what is used here, with and without a network', async () => {
    const folder = await python(snapshot, false)
    const before = downloads().length
    expect(before).toBe(1)
    expect(await resolveModel(NAME, { ...settings(), offline: true })).toBe(folder)
    expect(await pullModel(NAME, settings())).toBe(folder)
    expect(downloads()).toHaveLength(before)
    expect((await lstat(join(folder, 'config.json'))).isSymbolicLink()).toBe(true)
  })

  it('waits for a download there to end', async () => {
    const lock = join(cacheDir, '.locks', 'models--someone--tiny', `${sha256(weights)}.lock`)
    await mkdir(dirname(lock), { recursive: true })
    const holding = spawn('python3', [
      '-c',
      `import sys, huggingface_hub.utils as u
with u.WeakFileLock(sys.argv[1]):
    print('held', flush=True)
    sys.stdin.read()`,
      lock,
    ])
    await new Promise((resolve) => holding.stdout.once('data', resolve))
    const messages: string[] = []
    const onMessage = (text: string) => {
      messages.push(text)
      expect(downloads()).toEqual([])
      holding.stdin.end()
    }
    await pullModel(NAME, settings(), { onMessage })
    expect(messages).toEqual([
      expect.stringMatching(/^another process is downloading model\.safetensors/),
    ])
  })

  it('finds the cache in order', async () => {
    await pullModel(NAME, settings())
    const scan = 'hub.scan_cache_dir()'
    expect(await python(`${scan}.warnings`, true)).toBe('[]')
    expect(await python(`[r.repo_id for r in ${scan}.repos]`, true)).toBe(`['${NAME}']`)
    expect(await python(`sum(r.size_on_disk for r in ${scan}.repos)`, true)).toBe(
      `${weights.length + 2}`,
    )
  })
})
