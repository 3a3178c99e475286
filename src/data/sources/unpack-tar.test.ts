import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { unpackTar } from './unpack-tar.ts'

let folder: string
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'chatwright-')), 'content')
})
afterEach(() => rm(join(folder, '..'), { recursive: true }))

const padded = (bytes: Uint8Array): Uint8Array => {
  const blocks = new Uint8Array(Math.ceil(bytes.length / 512) * 512)
  blocks.set(bytes)
  return blocks
}

/** One entry of an archive as POSIX lays it out. */
const entry = (
  name: string,
  content: string,
  { type = '0', prefix = '' }: { type?: string; prefix?: string } = {},
): Uint8Array[] => {
  const header = new Uint8Array(512)
  const bytes = new TextEncoder().encode(content)
  const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at)
  put(name, 0)
  put(bytes.length.toString(8).padStart(11, '0'), 124)
  put(type, 156)
  put('ustar\u000000', 257)
  put(prefix, 345)
  return [header, padded(bytes)]
}

async function* archive(...parts: Uint8Array[][]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.concat([...parts.flat(), new Uint8Array(1024)])
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700)
}

const read = (path: string) => readFile(join(folder, path), 'utf8')
const pax = (record: string) => {
  const length = [...Array(1000).keys()].find((n) => `${n} ${record}\n`.length === n)
  return `${length} ${record}\n`
}

describe('unpackTar', () => {
  it('writes files without their first folder, and leaves out links', async () => {
    const long = 'x'.repeat(2000)
    await unpackTar(
      archive(
        entry('package/', '', { type: '5' }),
        entry('package/a.txt', 'A'),
        entry('package/empty', ''),
        entry('package/in/b c.txt', long, { type: '\0' }),
        entry('package/link', '', { type: '2' }),
      ),
      folder,
    )
    expect(await read('a.txt')).toBe('A')
    expect(await read('empty')).toBe('')
    expect(await read('in/b c.txt')).toBe(long)
    expect((await readdir(folder)).sort()).toEqual(['a.txt', 'empty', 'in'])
  })

  it('knows the three ways to write a long name', async () => {
    const name = 'n'.repeat(120)
    await unpackTar(
      archive(
        entry('short', pax(`mtime=1`) + pax(`path=package/pax-${name}`), { type: 'x' }),
        entry('package/cut', '1'),
        entry('././@LongLink', `package/gnu-${name}\0`, { type: 'L' }),
        entry('package/cut', '2'),
        entry('file', '3', { prefix: 'package/ustar' }),
        entry('pax_global_header', pax('comment=x'), { type: 'g' }),
        entry('package/plain', '4'),
      ),
      folder,
    )
    expect(await read(`pax-${name}`)).toBe('1')
    expect(await read(`gnu-${name}`)).toBe('2')
    expect(await read('ustar/file')).toBe('3')
    expect(await read('plain')).toBe('4')
  })

  it.each(['package/../../out.txt', '/../out.txt', 'package/a/../../out.txt'])(
    'refuses to write %s outside its folder',
    async (name) => {
      await expect(unpackTar(archive(entry(name, 'x')), folder)).rejects.toThrow(UserError)
      expect(await readdir(join(folder, '..'))).toEqual([])
    },
  )

  it('refuses an archive that is cut short', async () => {
    const [header = new Uint8Array()] = entry('package/a', 'x'.repeat(600))
    await expect(unpackTar(archive([header]), folder)).resolves.toBeUndefined()
    async function* cut() {
      yield header
      yield new Uint8Array(100)
    }
    await expect(unpackTar(cut(), folder)).rejects.toThrow('the archive is damaged')
  })
})
