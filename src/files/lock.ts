import { constants, type FileHandle, open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileError } from '../models/files/node-file.ts'

const POLL = 100

/**
 * Does some work while no other process, nor another call in this one, holds the lock of a file. The
 * system frees the lock when a process ends, however it ends. Hugging Face's own tools lock the same
 * file in the same way (`flock`; Windows: an open that shares nothing). Where neither is to be had,
 * as on some network disks, the work is done without.
 *
 * `onWait` is told when the lock is held by another. Throws what `work` throws.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, onWait }: { signal?: AbortSignal; onWait?(): void } = {},
): Promise<T> {
  const tryLock = process.platform === 'win32' ? openAlone : openAndLock
  let handle = await tryLock(path)
  if (!handle) onWait?.()
  while (!handle) {
    await delay(POLL, undefined, { signal })
    handle = await tryLock(path)
  }
  try {
    return await work()
  } finally {
    await handle.close()
  }
}

/** Opens a file and locks it; undefined where another holds the lock. */
type TryLock = (path: string) => Promise<FileHandle | undefined>

/** libuv's UV_FS_O_EXLOCK, which Node has no name for. */
const EXCLUSIVE = 0x1000_0000

const openAlone: TryLock = async (path) => {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | EXCLUSIVE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return undefined
    throw fileError(error, `cannot lock ${path}`)
  }
}

const LOCK_EXCLUSIVE = 2
const LOCK_OR_FAIL = 4

const openAndLock: TryLock = async (path) => {
  isLockedByOther ??= nativeLock().catch(() => () => false)
  const isLocked = await isLockedByOther
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT).catch((error) => {
    throw fileError(error, `cannot lock ${path}`)
  })
  if (!isLocked(handle.fd)) return handle
  await handle.close()
  return undefined
}

let isLockedByOther: Promise<(file: number) => boolean> | undefined

/** `flock` of the C library, which Node does not offer. */
async function nativeLock(): Promise<(file: number) => boolean> {
  const { koffi, loadLibrary } = await import('../runtime/native/koffi.ts')
  const flock = loadLibrary(null).func('flock', 'int', ['int', 'int'])
  const { EAGAIN } = koffi.os.errno
  return (file) => flock(file, LOCK_EXCLUSIVE | LOCK_OR_FAIL) !== 0 && koffi.errno() === EAGAIN
}
