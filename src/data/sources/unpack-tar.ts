import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'
import { makeFolder } from '../../files/make-folder.ts'

const BLOCK = 512

/**
 * Unpacks the files of a tar archive (POSIX.1-1988 "ustar", with the long names of POSIX.1-2001 and
 * of GNU) into `folder`, without the first folder of their paths, as npm does. Links and devices
 * are left out. Throws UserError when the archive is damaged or a path leads out of `folder`.
 */
export async function unpackTar(chunks: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  const reader = blockReader(chunks)
  let longName: string | undefined
  for (;;) {
    const header = await reader.read(BLOCK)
    if (!header || header.every((byte) => byte === 0)) return
    const size = Number.parseInt(field(header, 124, 12) || '0', 8)
    const content = await reader.read(size)
    await reader.read((BLOCK - (size % BLOCK)) % BLOCK)
    if (Number.isNaN(size) || !content) throw new UserError('the archive is damaged')
    const type = field(header, 156, 1)
    if (type === 'x') longName = paxPath(content) ?? longName
    else if (type === 'L') longName = field(content, 0, size)
    else {
      if (type === '' || type === '0') await write(folder, longName ?? ustarName(header), content)
      if (type !== 'g') longName = undefined
    }
  }
}

async function write(folder: string, name: string, content: Uint8Array): Promise<void> {
  const path = resolve(folder, join('.', name.slice(name.indexOf('/') + 1)))
  if (!path.startsWith(resolve(folder) + sep)) {
    throw new UserError(`the archive has a file outside its own folder: ${name}`)
  }
  try {
    await makeFolder(dirname(path))
    await writeFile(path, content)
  } catch (error) {
    throw fileError(error, `cannot write ${path}`)
  }
}

/** Text of a field, which ends at its first zero byte. */
const field = (bytes: Uint8Array, offset: number, length: number): string =>
  new TextDecoder().decode(bytes.subarray(offset, offset + length)).replace(/\0.*$/s, '')

const ustarName = (header: Uint8Array): string => {
  const prefix = field(header, 257, 5) === 'ustar' ? field(header, 345, 155) : ''
  return prefix ? `${prefix}/${field(header, 0, 100)}` : field(header, 0, 100)
}

/** The path in an extended header, whose records are `LENGTH KEY=VALUE\n`, lengths in bytes. */
const paxPath = (content: Uint8Array): string | undefined => {
  for (let at = 0; at < content.length; ) {
    const length = Number.parseInt(field(content, at, 20), 10)
    if (!(length > 0)) throw new UserError('the archive is damaged')
    const record = field(content, at, length - 1)
    const [, path] = /^\d+ path=(.*)$/s.exec(record) ?? []
    if (path !== undefined) return path
    at += length
  }
  return undefined
}

/** Reads an exact number of bytes; undefined where the stream ends before. */
function blockReader(chunks: AsyncIterable<Uint8Array>) {
  const stream = chunks[Symbol.asyncIterator]()
  let held: Uint8Array[] = []
  let length = 0
  return {
    read: async (count: number): Promise<Uint8Array | undefined> => {
      while (length < count) {
        const { done, value } = await stream.next()
        if (done) return undefined
        held.push(value)
        length += value.length
      }
      const bytes = held.length === 1 && held[0] ? held[0] : Buffer.concat(held)
      held = [bytes.subarray(count)]
      length -= count
      return bytes.subarray(0, count)
    },
  }
}
