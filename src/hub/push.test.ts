import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gitSha1, sha256 } from '../../test/hub/checksums.ts'
import { TOKEN } from '../../test/hub/server.ts'
import { NAME, useHub } from '../../test/hub/use-hub.ts'
import type { PushOptions, TransferProgress } from './options.ts'
import { pullModel } from './pull.ts'
import { pushModel } from './push.ts'

vi.mock('node:timers/promises', () => import('../../test/hub/no-waiting.ts'))

const state = useHub()
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * i) % 241)
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
  await writeFile(join(folder, 'config.json'), '{"layers":1}')
  await writeFile(join(folder, 'tokenizer.json'), '{}')
  await writeFile(join(folder, 'model.safetensors'), weights)
  await writeFile(join(folder, 'README.md'), '# Mine')
  // What a training leaves beside a model.
  await writeFile(join(folder, 'metrics.jsonl'), '{}')
  await mkdir(join(folder, 'checkpoints'))
  await writeFile(join(folder, 'checkpoints', 'model.safetensors'), weights)
})
afterEach(() => rm(folder, { recursive: true }))

const MINE = 'someone/mine'
const push = (name = MINE, options: PushOptions = {}) =>
  pushModel(folder, name, { endpoint: state.hub.endpoint, token: TOKEN, ...options })
const FILES = ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json']
const asked = (part: string) => state.hub.asked.filter(({ url }) => url.includes(part))

describe('a push', () => {
  it('makes the repository, and uploads the files of a model in one commit', async () => {
    const { url, commit, files } = await push()
    expect(url).toBe(`${state.hub.endpoint}/${MINE}`)
    expect(files.sort()).toEqual(FILES)
    const there = state.hub.files(MINE)
    expect([...there.keys()].sort()).toEqual(FILES)
    expect(there.get('model.safetensors')?.equals(weights)).toBe(true)
    expect(there.get('config.json')?.toString()).toBe('{"layers":1}')
    expect(state.hub.models.get(MINE)?.refs.get('main')).toBe(commit)
    expect(state.hub.models.get(MINE)?.private).toBe(false)
    expect(asked('/commit/')).toHaveLength(1)
    // A large file goes to where large files are, which is not told the token.
    const uploads = state.hub.asked.filter(({ method }) => method === 'PUT')
    expect(uploads.map(({ isStorage, headers }) => [isStorage, headers.authorization])).toEqual([
      [true, undefined],
    ])
  })

  it('can be pulled again', async () => {
    await push()
    const pulled = await pullModel(MINE, state.options)
    expect(pulled).toContain('models--someone--mine')
  })

  it('adds to what is there, and uploads only what is not', async () => {
    await push()
    await writeFile(join(folder, 'config.json'), '{"layers":2}')
    state.hub.asked.length = 0
    await push(MINE, { message: 'Add a layer' })
    expect(state.hub.files(MINE).get('config.json')?.toString()).toBe('{"layers":2}')
    expect(state.hub.asked.filter(({ method }) => method === 'PUT')).toEqual([])
    expect(state.hub.messages).toEqual(['Upload a model with Chatwright', 'Add a layer'])
  })

  it('uploads in parts where the server wants parts', async () => {
    state.hub.storage.partSize = 70_000
    await push()
    expect(state.hub.files(MINE).get('model.safetensors')?.equals(weights)).toBe(true)
    expect(asked('part=')).toHaveLength(5)
  })

  it('tells how far it has come, in bytes', async () => {
    const seen: TransferProgress[] = []
    const options = { endpoint: state.hub.endpoint, token: TOKEN }
    await pushModel(folder, MINE, options, { onProgress: (progress) => seen.push(progress) })
    const total = weights.length + '{"layers":1}'.length + '{}'.length + '# Mine'.length
    expect(seen.every((progress) => progress.total === total)).toBe(true)
    expect(seen.at(-1)).toMatchObject({ file: 'model.safetensors', done: weights.length })
  })

  it('is private where that is asked for, and never public instead', async () => {
    await push(MINE, { private: true })
    expect(state.hub.models.get(MINE)?.private).toBe(true)
    await push(MINE, { private: true })
    await expect(push(NAME, { private: true })).rejects.toThrow(
      /someone\/tiny already exists, and everybody can see it.*without --private/,
    )
    expect(state.hub.files(NAME).has('onnx/model.onnx')).toBe(true)
    expect(asked(`${NAME}/commit`)).toEqual([])
  })

  it('tries again what may pass', async () => {
    const faults = [{ status: 500 }, { status: 429, headers: { 'retry-after': '0' } }]
    state.hub.fault = ({ method }) => (method === 'PUT' ? faults.shift() : undefined)
    await push()
    expect(state.hub.files(MINE).get('model.safetensors')?.equals(weights)).toBe(true)
    expect(faults).toEqual([])
  })

  it('stops when it is told to, before anything is seen', async () => {
    const controller = new AbortController()
    state.hub.fault = ({ method }) => {
      if (method === 'PUT') controller.abort()
      return undefined
    }
    await expect(push(MINE, { signal: controller.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    )
    expect(state.hub.files(MINE).size).toBe(0)
  })
})

describe('a push is refused', () => {
  it('without a token, or with one that the Hub does not know', async () => {
    await expect(push(MINE, { token: undefined })).rejects.toThrow(/set HF_TOKEN.*may write/)
    expect(state.hub.asked).toEqual([])
    const error = await push(MINE, { token: 'hf_other' }).catch((error) => error)
    expect(error.message).toMatch(/does not know the token/)
    expect(error.message).not.toContain('hf_other')
  })

  it('where the account may not', async () => {
    state.hub.fault = ({ url }) => (url.endsWith('/create') ? { status: 403 } : undefined)
    await expect(push()).rejects.toThrow(/does not allow this with someone\/mine.*right to write/)
    // Without the right to make repositories, but with that to write to this one.
    await push(NAME)
    expect(state.hub.files(NAME).get('config.json')?.toString()).toBe('{"layers":1}')
  })

  it('where the folder is no model', async () => {
    await rm(join(folder, 'config.json'))
    await expect(push()).rejects.toThrow(/has no config\.json/)
    await rm(folder, { recursive: true })
    await expect(push()).rejects.toThrow(/cannot read .*no such file or folder/)
    await mkdir(folder)
    expect(state.hub.asked).toEqual([])
  })

  it('offline, or to what is no name', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    await expect(push()).rejects.toThrow(/HF_HUB_OFFLINE/)
    await expect(push('mine')).rejects.toThrow(/OWNER\/NAME/)
  })

  it('where the upload does not arrive as it was sent', async () => {
    state.hub.fault = ({ method }) => (method === 'PUT' ? { status: 400 } : undefined)
    await expect(push()).rejects.toThrow(/refused a request about someone\/mine \(status 400\)/)
    expect(state.hub.files(MINE).size).toBe(0)
  })
})

it('knows the checksums that the Hub has', () => {
  // Of `git hash-object` and `sha256sum` on an empty file.
  expect(gitSha1(Buffer.alloc(0))).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391')
  expect(sha256(Buffer.alloc(0))).toMatch(/^e3b0c44298fc1c14/)
})
