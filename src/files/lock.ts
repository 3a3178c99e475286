import { constants, type FileHandle, open, rm, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { fileError } from './file-error.ts'

const POLL = 100

/** Lock file of a folder that is written in place. A killed process leaves it unlocked. */
export const LOCK = '.lock'

const IS_WINDOWS = process.platform === 'win32'

/**
 * Does `work` while holding the lock of a file, against other processes and other calls in this
 * one. The system frees the lock when a process ends, even by a kill. Hugging Face's own tools lock
 * the same file in the same way (`flock`; on Windows an exclusive open). Where locks are
 * unsupported, as on some network disks, `work` runs without one.
 *
 * Calls `onWait` if another holds the lock. Throws what `work` throws, and the signal's reason when
 * it is aborted while waiting.
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
    await delay(POLL, undefined, { signal }).catch(() => signal?.throwIfAborted())
    handle = await tryLock(path, what)
  }
  try {
    return await work()
  } finally {
    await handle.close()
  }
}

/**
 * Does `work`, which writes `target`, while holding a lock on the file `path`, which exists only
 * meanwhile. Throws UserError at once if another process holds it.
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
    // Removed while it is locked: `takeFresh` detects that its file was removed.
    if (!IS_WINDOWS) await rm(path, { force: true })
    await handle.close()
    if (IS_WINDOWS) await rm(path).catch(() => {})
  }
}

/** Locks a file; tries again if it was removed before the lock was taken. */
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

/** libuv's UV_FS_O_EXLOCK, which Node does not export. */
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

/** Opens and locks a file; undefined if another holds the lock. Throws UserError with `what`. */
const tryLock: TryLock = (path, what) =>
  IS_WINDOWS ? openAlone(path, what) : openAndLock(path, what)

let isLockedByOther: Promise<(file: number) => boolean> | undefined

/** The C library's `flock`, which Node does not offer. */
async function nativeLock(): Promise<(file: number) => boolean> {
  const { koffi, loadLibrary } = await import('./koffi.ts')
  const flock = loadLibrary(null).func('flock', 'int', ['int', 'int'])
  const { EAGAIN } = koffi.os.errno
  return (file) => flock(file, LOCK_EXCLUSIVE | LOCK_OR_FAIL) !== 0 && koffi.errno() === EAGAIN
}
