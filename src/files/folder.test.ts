import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { syncFolder, writeFolder } from './folder.ts'

/** A disk that has no hard links, like exFAT. */
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  link: async () => {
    throw Object.assign(new Error('link'), { code: 'EPERM' })
  },
}))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('writes text, bytes, pieces and copies of other files', async () => {
  async function* pieces() {
    yield Uint8Array.of(104)
    yield Uint8Array.of(105)
  }
  await writeFolder(join(folder, 'a'), { text: '训练', bytes: Uint8Array.of(33), pieces: pieces() })
  await writeFolder(join(folder, 'b/c'), { copy: { copyOf: join(folder, 'a', 'text') } })
  expect(await readFile(join(folder, 'a/text'), 'utf8')).toBe('训练')
  expect(await readFile(join(folder, 'a/bytes'), 'utf8')).toBe('!')
  expect(await readFile(join(folder, 'a/pieces'), 'utf8')).toBe('hi')
  expect(await readFile(join(folder, 'b/c/copy'), 'utf8')).toBe('训练')
  expect((await stat(join(folder, 'b/c/copy'))).nlink).toBe(1)
  await syncFolder(folder)
})

it('leaves nothing behind when it fails', async () => {
  const copyOf = join(folder, 'none')
  await expect(writeFolder(join(folder, 'a'), { ok: 'x', copy: { copyOf } })).rejects.toThrow(
    `cannot copy ${copyOf} to ${join(folder, 'a', 'copy')}: there is no such file or folder`,
  )
  expect(await readdir(folder)).toEqual([])
})
