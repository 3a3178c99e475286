import type { Stats } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { UserError } from '../errors.ts'
import type { ByteSource } from './byte-source.ts'
import { fileError } from './file-error.ts'

/** One system call transfers less than 2 GiB. */
const MAX_TRANSFER = 2 ** 30

/** A file, read by position. Throws UserError if it cannot be opened. */
export const openFile = async (path: string): Promise<ByteSource> => {
  let handle: FileHandle | undefined
  try {
    handle = await open(path)
    return await sourceOf(handle, path)
  } catch (error) {
    // A training may have replaced the file after it was opened.
    await handle?.close()
    throw fileError(error, `cannot open ${path}`)
  }
}

async function sourceOf(handle: FileHandle, path: string): Promise<ByteSource> {
  const found = await handle.stat()
  const real = await realpath(path)
  return {
    size: found.size,
    location: { folder: dirname(real), file: basename(real), version: versionOf(found) },
    read: (offset, length) => readAt(handle, path, offset, length),
    close: () => handle.close(),
  }
}

/** Changes if the file is written or replaced. */
export const versionOf = ({ ino, mtimeMs, size }: Stats): string => `${ino} ${mtimeMs} ${size}`

const readAt = async (handle: FileHandle, path: string, offset: number, length: number) => {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const part = Math.min(length - done, MAX_TRANSFER)
    const { bytesRead } = await handle.read(bytes, done, part, offset + done).catch((error) => {
      throw fileError(error, `cannot read ${path}`)
    })
    if (bytesRead === 0) {
      throw new UserError(
        `${path}: ends at byte ${offset + done}; it was truncated while being read`,
      )
    }
    done += bytesRead
  }
  return bytes
}

/** The first `length` bytes of a file, or fewer where it is shorter. Throws UserError. */
export async function readStart(path: string, length: number): Promise<Uint8Array> {
  try {
    const handle = await open(path)
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, `cannot read ${path}`)
  }
}

/**
 * Writes a new file, piece by piece, and resolves once it is on the disk. Throws UserError; a
 * partial file may remain, so write to a temporary name and rename.
 */
export const writeFile = async (
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> => {
  try {
    const handle = await open(path, 'w')
    try {
      let position = 0
      for await (const piece of pieces) {
        await writeAt(handle, piece, position)
        position += piece.length
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, `cannot write ${path}`)
  }
}

/** Writes all of `bytes`, of which one system call may accept only a part. */
export async function writeAt(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const part = Math.min(bytes.length - done, MAX_TRANSFER)
    done += (await handle.write(bytes, done, part, position + done)).bytesWritten
  }
}
