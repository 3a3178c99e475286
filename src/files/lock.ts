import { constants, type FileHandle, open, rm, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { fileError } from './file-error.ts'

const POLL = 100

/** The lock of a folder that is written in its place. One that a killed process left is free. */
export const LOCK = '.lock'

const IS_WINDOWS = process.platform === 'win32'

/**
 * Does some work while no other process, nor another call in this one, holds the lock of a file.
 * The system frees the lock when a process ends, however it ends. Hugging Face's own tools lock the
 * same file in the same way (`flock`; Windows: an open that shares nothing). Where neither is
 * available, as on some network disks, the work is done without.
 *
 * `onWait` is told when the lock is held by another. Throws what `work` throws.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, onWait }: { signal?: AbortSignal; onWait?(): void } = {},
): Promise<T> {
  const what = `cannot lock ${path}`
  let handle = await tryLock(path, what)
  if (!handle) onWait?.()
  while (!handle) {
    await delay(POLL, undefined, { signal })
    handle = await tryLock(path, what)
  }
  try {
    return await work()
  } finally {
    await handle.close()
  }
}

/**
 * Does work that writes `target`, with a lock in the file `path`, which is there only meanwhile:
 * one that a killed process left is nobody's. Throws UserError, at once, where another holds it.
 */
export async function whileWriting<T>(
  { target, path }: { target: string; path: string },
  work: () => Promise<T>,
): Promise<T> {
  const handle = await takeFresh(path, `cannot write ${target}`)
  if (!handle)
    throw new UserError(
      'another run of Chatwright is writing ' +
        `${target}; wait until it has ended, or choose another folder`,
    )
  try {
    return await work()
  } finally {
    // Removed while it is held: who opened it in the meantime sees that, below.
    if (!IS_WINDOWS) await rm(path, { force: true })
    await handle.close()
    if (IS_WINDOWS) await rm(path).catch(() => {})
  }
}

/** Locks a file that is still the one of its name when it is locked. */
async function takeFresh(path: string, what: string): Promise<FileHandle | undefined> {
  for (;;) {
    const handle = await tryLock(path, what)
    if (!handle || IS_WINDOWS) return handle
    const now = await stat(path).catch(() => undefined)
    if (now?.ino === (await handle.stat()).ino) return handle
    await handle.close()
  }
}

type TryLock = (path: string, what: string) => Promise<FileHandle | undefined>

/** libuv's UV_FS_O_EXLOCK, which Node has no name for. */
const EXCLUSIVE = 0x1000_0000

const openAlone: TryLock = async (path, what) => {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | EXCLUSIVE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return undefined
    throw fileError(error, what)
  }
}

const LOCK_EXCLUSIVE = 2
const LOCK_OR_FAIL = 4

const openAndLock: TryLock = async (path, what) => {
  isLockedByOther ??= nativeLock().catch(() => () => false)
  const isLocked = await isLockedByOther
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT).catch((error) => {
    throw fileError(error, what)
  })
  if (!isLocked(handle.fd)) return handle
  await handle.close()
  return undefined
}

/**
 * Opens a file and locks it; undefined where another holds the lock. Throws UserError, with `what`.
 */
const tryLock: TryLock = (path, what) =>
  IS_WINDOWS ? openAlone(path, what) : openAndLock(path, what)

let isLockedByOther: Promise<(file: number) => boolean> | undefined

/** `flock` of the C library, which Node does not offer. */
async function nativeLock(): Promise<(file: number) => boolean> {
  const { koffi, loadLibrary } = await import('./koffi.ts')
  const flock = loadLibrary(null).func('flock', 'int', ['int', 'int'])
  const { EAGAIN } = koffi.os.errno
  return (file) => flock(file, LOCK_EXCLUSIVE | LOCK_OR_FAIL) !== 0 && koffi.errno() === EAGAIN
}
