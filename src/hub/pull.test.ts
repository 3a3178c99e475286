import { lstat, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { gitSha1, sha256 } from '../../test/hub/checksums.ts'
import { TOKEN } from '../../test/hub/server.ts'
import { isWeights, MODEL, NAME, useHub, weights } from '../../test/hub/use-hub.ts'
import type { PullOptions, TransferProgress } from './options.ts'
import { pullModel } from './pull.ts'

vi.mock('node:timers/promises', () => import('../../test/hub/no-waiting.ts'))
const withoutLinks = vi.hoisted(() => ({ symbolic: false, hard: false }))
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>()
  const refuse = () => Promise.reject(Object.assign(new Error('link'), { code: 'EPERM' }))
  return {
    ...actual,
    symlink: (...args: Parameters<typeof actual.symlink>) =>
      withoutLinks.symbolic ? refuse() : actual.symlink(...args),
    link: (...args: Parameters<typeof actual.link>) =>
      withoutLinks.hard ? refuse() : actual.link(...args),
  }
})

const state = useHub()
const pull = (name = NAME, options: PullOptions = {}) =>
  pullModel(name, { ...state.options, ...options })
const text = (file: string) => Buffer.from(MODEL[file] as string)
const NEEDED = ['config.json', 'model.safetensors', 'tokenizer.json']
const oids = [gitSha1(text('config.json')), sha256(weights), gitSha1(text('tokenizer.json'))]

describe('a pull', () => {
  it('lays out what a model needs as Hugging Face does', async () => {
    const folder = await pull()
    expect(folder).toBe(join(state.root, 'snapshots', state.commit))
    expect((await readdir(folder)).sort()).toEqual(NEEDED)
    expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true)
    for (const [i, file] of NEEDED.entries()) {
      expect(await readlink(join(folder, file))).toBe(join('..', '..', 'blobs', oids[i] ?? ''))
    }
    expect(await readFile(join(state.root, 'refs/main'), 'utf8')).toBe(state.commit)
    expect((await readdir(join(state.root, 'blobs'))).sort()).toEqual(oids.toSorted())
  })

  it('tells how far it has come, in bytes', async () => {
    const seen: TransferProgress[] = []
    await pullModel(NAME, state.options, { onProgress: (progress) => seen.push(progress) })
    const total = text('config.json').length + text('tokenizer.json').length + weights.length
    expect(seen.at(-1)).toMatchObject({ done: total, total })
    const counts = seen.map(({ done }) => done)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(new Set(counts).size).toBeGreaterThan(4)
  })

  it('fetches nothing twice, and after a new commit only what changed', async () => {
    const first = await pull()
    state.hub.asked.length = 0
    expect(await pull()).toBe(first)
    expect(state.hub.asked.filter(({ url }) => url.includes('/resolve/'))).toEqual([])

    const commit = state.hub.put(NAME, { ...MODEL, 'config.json': '{"layers":2}' })
    const second = await pull()
    expect(second).toBe(join(state.root, 'snapshots', commit))
    expect(await readFile(join(second, 'config.json'), 'utf8')).toBe('{"layers":2}')
    expect(await readFile(join(first, 'config.json'))).toEqual(text('config.json'))
    expect(state.hub.asked.filter(({ url }) => url.includes('/resolve/'))).toHaveLength(1)
    expect(await readFile(join(state.root, 'refs/main'), 'utf8')).toBe(commit)
  })

  it('takes a branch, and a commit, which has no ref', async () => {
    const old = state.commit
    state.hub.put(NAME, { ...MODEL, 'config.json': '{}' })
    state.hub.models.get(NAME)?.refs.set('refs/pr/1', old)
    const folder = join(state.root, 'snapshots', old)
    expect(await pull(`${NAME}@${old}`)).toBe(folder)
    await expect(readdir(join(state.root, 'refs'))).rejects.toThrow(/ENOENT/)
    expect(await pull(`${NAME}@refs/pr/1`)).toBe(folder)
    expect(await readFile(join(state.root, 'refs/refs/pr/1'), 'utf8')).toBe(old)
  })

  it('takes files of folders, by patterns', async () => {
    const folder = await pull(NAME, { include: ['*.onnx', 'README*'], exclude: ['*.md'] })
    expect(await readdir(folder)).toEqual(['onnx'])
    expect(await readlink(join(folder, 'onnx/model.onnx'))).toBe(
      join('..', '..', '..', 'blobs', gitSha1(text('onnx/model.onnx'))),
    )
  })

  it.each([false, true])(
    'copies where links cannot be made (hard ones neither: %s)',
    async (no) => {
      Object.assign(withoutLinks, { symbolic: true, hard: no })
      try {
        const folder = await pull()
        const file = join(folder, 'model.safetensors')
        expect((await lstat(file)).isFile()).toBe(true)
        expect((await lstat(file)).nlink).toBe(no ? 1 : 2)
        expect((await readFile(file)).equals(weights)).toBe(true)
        expect((await readdir(join(state.root, 'blobs'))).sort()).toEqual(oids.toSorted())
        // As Python leaves it on Windows: the file itself in the snapshot, and no blob.
        await rm(join(state.root, 'blobs', sha256(weights)))
        state.hub.asked.length = 0
        await pull()
        expect(state.hub.asked.filter(isWeights)).toEqual([])
      } finally {
        Object.assign(withoutLinks, { symbolic: false, hard: false })
      }
    },
  )

  it('sends the token to the Hub, and to nobody else', async () => {
    state.hub.put('someone/secret', MODEL, { isPrivate: true })
    await pull('someone/secret', { token: TOKEN })
    for (const { headers, isStorage } of state.hub.asked) {
      expect(headers.authorization).toBe(isStorage ? undefined : `Bearer ${TOKEN}`)
    }
    const fetched = state.hub.asked.filter(({ url }) => url.includes('/resolve/'))
    expect(fetched.map(({ headers }) => headers['accept-encoding'])).toEqual(
      Array(3).fill('identity'),
    )
    expect(state.hub.asked.filter(({ isStorage }) => isStorage)).toHaveLength(1)
  })

  it('replaces a blob, and a link, of which the end is lost', async () => {
    const folder = await pull()
    await rm(join(state.root, 'blobs', sha256(weights)))
    await pull()
    expect((await stat(join(folder, 'model.safetensors'))).size).toBe(weights.length)
  })

  it('lets many pull at once, and fetches once', async () => {
    const messages: string[] = []
    const events = { onMessage: (message: string) => messages.push(message) }
    const all = Array.from({ length: 8 }, () => pullModel(NAME, state.options, events))
    expect(new Set(await Promise.all(all)).size).toBe(1)
    expect(state.hub.asked.filter(isWeights)).toHaveLength(1)
    expect(messages.length).toBeGreaterThan(0)
    expect((await readdir(join(state.root, 'blobs'))).sort()).toEqual(oids.toSorted())
  })

  it('stops when it is told to, and goes on', async () => {
    const controller = new AbortController()
    state.hub.fault = (asked) => (isWeights(asked) ? { stallAfter: 100_000 } : undefined)
    const onProgress = ({ done }: TransferProgress) => {
      if (done > 100_000) controller.abort()
    }
    const pulling = pullModel(NAME, { ...state.options, signal: controller.signal }, { onProgress })
    await expect(pulling).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
    state.hub.fault = () => undefined
    await pull()
    expect(state.hub.asked.filter(isWeights).at(-1)?.headers.range).toBe('bytes=100000-')
  })
})
