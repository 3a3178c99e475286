import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { gitSha1, sha256 } from '../../test/hub/checksums.ts'
import { MODEL, NAME, useHub, weights } from '../../test/hub/use-hub.ts'
import type { PullOptions } from './options.ts'
import { pullModel } from './pull.ts'
import { resolveModel } from './resolve-model.ts'

vi.mock('node:timers/promises', () => import('../../test/hub/no-waiting.ts'))

const state = useHub()
const resolve = (model: string, options: PullOptions = {}) =>
  resolveModel(model, { ...state.options, ...options })

const COMMIT = '0123456789abcdef0123456789abcdef01234567'

/** A cache as Hugging Face's Python library leaves it. */
async function writeCache(files: Record<string, string | Uint8Array>): Promise<string> {
  const snapshot = join(state.root, 'snapshots', COMMIT)
  for (const folder of ['blobs', 'refs', 'snapshots', '.no_exist'])
    await mkdir(join(state.root, folder), { recursive: true })
  await mkdir(snapshot)
  await writeFile(join(state.root, 'refs/main'), COMMIT)
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content as string)
    const oid = name.endsWith('.safetensors') ? sha256(bytes) : gitSha1(bytes)
    await writeFile(join(state.root, 'blobs', oid), bytes)
    await symlink(`../../blobs/${oid}`, join(snapshot, name))
  }
  return snapshot
}

const SMALL = { 'config.json': '{}', 'tokenizer.json': '{}' }

describe('a model', () => {
  it('is a folder where there is one', async () => {
    expect(await resolve(state.cacheDir)).toBe(state.cacheDir)
    expect(await resolve('src/hub')).toBe('src/hub')
    expect(state.hub.asked).toEqual([])
  })

  it('is what was pulled before, without a request', async () => {
    const folder = await resolve(NAME)
    expect(folder).toBe(join(state.root, 'snapshots', state.commit))
    state.hub.asked.length = 0
    state.hub.put(NAME, { ...MODEL, 'config.json': '{}' })
    expect(await resolve(NAME)).toBe(folder)
    expect(await resolve(`${NAME}@${state.commit}`)).toBe(folder)
    expect(state.hub.asked).toEqual([])
    expect(await pullModel(NAME, state.options)).not.toBe(folder)
  })

  it('is pulled where a part of it is not there', async () => {
    const folder = await resolve(NAME)
    await rm(join(state.root, 'blobs', sha256(weights)))
    expect(await resolve(NAME)).toBe(folder)
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true)
  })

  it.each(['nowhere', './some/where', '/some/where', 'a/b/c'])(
    'is refused where %s is none, without asking the Hub',
    async (model) => {
      await expect(resolve(model)).rejects.toThrow(/there is no folder .*OWNER\/NAME/)
      expect(state.hub.asked).toEqual([])
    },
  )

  it('is refused where neither has it', async () => {
    await expect(resolve('models/mine')).rejects.toThrow(
      /no folder models\/mine, and there is no model models\/mine on the Hub/,
    )
  })
})

describe('a cache of Python’s', () => {
  it('is used offline', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    const snapshot = await writeCache({ ...SMALL, 'model.safetensors': weights })
    expect(await resolve(NAME)).toBe(snapshot)
    expect(await resolve(`${NAME}@${COMMIT}`)).toBe(snapshot)
    expect(await pullModel(NAME, state.options)).toBe(snapshot)
    expect(state.hub.asked).toEqual([])
  })

  it('spares the download of what it holds', async () => {
    await writeCache({ 'model.safetensors': weights })
    const folder = await resolve(NAME)
    expect(folder).toBe(join(state.root, 'snapshots', state.commit))
    expect(state.hub.asked.filter(({ isStorage }) => isStorage)).toEqual([])
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true)
  })

  it('is not enough with a part of a model, or another revision', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } }
    const json = JSON.stringify(index)
    await writeCache({
      ...SMALL,
      'model.safetensors.index.json': json,
      'model-1.safetensors': 'one',
    })
    const without = /lacks model-2\.safetensors.*HF_HUB_OFFLINE.*chatwright pull someone\/tiny/
    await expect(resolve(NAME)).rejects.toThrow(without)
    await expect(resolve(`${NAME}@v1`)).rejects.toThrow(/revision v1: the cache lacks everything/)
    await expect(resolve(NAME, { include: ['*.gguf'] })).rejects.toThrow(/lacks \*\.gguf/)
    expect(await resolve(NAME, { include: ['config*', '*1.safetensors'] })).toContain(COMMIT)
  })

  it.each(['../../../somewhere', 'short', ''])('is not followed to a commit %j', async (ref) => {
    await writeCache({ ...SMALL, 'model.safetensors': weights })
    await writeFile(join(state.root, 'refs/main'), ref)
    await expect(resolve(NAME, { offline: true })).rejects.toThrow(/lacks everything/)
  })
})
