import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { whileWriting } from './lock.ts'
import { replaceFile, writeFileAside, writeFolderAside } from './write-aside.ts'

let folder: string
let out: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
  out = join(folder, 'out')
})
afterEach(() => rm(folder, { recursive: true }))

async function* pieces(text: string) {
  yield new TextEncoder().encode(text)
}

/** What a disk says in the middle of a file. */
async function* noRoom() {
  yield new Uint8Array(10)
  throw Object.assign(new Error('write'), { code: 'ENOSPC' })
}

const kinds = [
  {
    kind: 'folder',
    write: () => writeFolderAside(out, { 'a/b': pieces('new') }),
    fail: () => writeFolderAside(out, { a: 'whole', b: noRoom() }),
    read: () => readFile(join(out, 'a/b'), 'utf8'),
  },
  {
    kind: 'file',
    write: () => writeFileAside(out, pieces('new')),
    fail: () => writeFileAside(out, noRoom()),
    read: () => readFile(out, 'utf8'),
  },
]

describe.each(kinds)('a $kind that is written aside', ({ write, fail, read }) => {
  it('is there whole, alone, in folders that are made for it', async () => {
    out = join(folder, 'x/y/out')
    await write()
    expect(await read()).toBe('new')
    expect(await readdir(join(folder, 'x/y'))).toEqual(['out'])
  })

  it('leaves nothing on a full disk', async () => {
    await expect(fail()).rejects.toThrow('the disk is full; free some space')
    expect(await readdir(folder)).toEqual([])
  })

  it('replaces no file, folder or link', async () => {
    await writeFile(out, 'old')
    await expect(write()).rejects.toThrow(new RegExp(`^${out}: already exists`))
    expect(await readFile(out, 'utf8')).toBe('old')
    await rm(out)
    await mkdir(out)
    await writeFile(join(out, 'model.safetensors'), 'old')
    await expect(write()).rejects.toThrow(/out: (already exists|the folder is not empty)/)
    expect(await readdir(folder)).toEqual(['out'])
    expect(await readdir(out)).toEqual(['model.safetensors'])
  })

  it('removes what killed writes of it left, and nothing else', async () => {
    await mkdir(join(folder, '.out.tmp'))
    await writeFile(join(folder, '.out.tmp', 'half'), 'half')
    await writeFile(join(folder, '.out.lock'), '')
    await writeFile(join(folder, '.other.tmp'), 'another’s')
    await write()
    expect((await readdir(folder)).sort()).toEqual(['.other.tmp', 'out'])
  })

  it('is written by one run at a time', async () => {
    const outcomes = await Promise.allSettled([write(), write(), write()])
    const failed = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(failed).toHaveLength(2)
    for (const error of failed) {
      expect(error).toBeInstanceOf(UserError)
      expect(error.message).toMatch(/^another run of Chatwright is writing .*out; wait until/)
    }
    expect(await read()).toBe('new')
    expect(await readdir(folder)).toEqual(['out'])
  })

  it('says why it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    out = join(folder, 'file', 'out')
    await expect(write()).rejects.toThrow('file: a file of that name exists')
    out = join(folder, 'loop')
    await symlink(out, out)
    await expect(write()).rejects.toThrow(/loop: (already exists|its symbolic links lead in)/)
    out = join(folder, 'x'.repeat(300))
    await expect(write()).rejects.toThrow('the name is too long')
  })
})

it('replaces a folder where a training was killed, not one where a training begins', async () => {
  await mkdir(out)
  await writeFile(join(out, '.lock'), '')
  await writeFolderAside(out, { a: 'new' })
  expect(await readdir(out)).toEqual(['a'])
  await rm(out, { recursive: true })
  await mkdir(out)
  await whileWriting({ target: out, path: join(out, '.lock') }, async () => {
    await expect(writeFolderAside(out, { a: 'new' })).rejects.toThrow('another run of Chatwright')
    expect(await readdir(out)).toEqual(['.lock'])
  })
})

it('a file is replaced whole or not at all', async () => {
  await replaceFile(out, 'old')
  await replaceFile(out, 'new')
  expect(await readFile(out, 'utf8')).toBe('new')
  await mkdir(`${out}.tmp`)
  await expect(replaceFile(out, 'newer')).rejects.toThrow(UserError)
  expect(await readFile(out, 'utf8')).toBe('new')
})
