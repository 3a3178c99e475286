import { createHash, type Hash } from 'node:crypto'
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { withLock } from '../files/lock.ts'
import { writeAt } from '../files/node-file.ts'
import { backOff, reasonOf, TRIES } from './hub-fetch.ts'
import { hasSize, type ModelCache } from './model-cache.ts'
import type { RemoteFile } from './remote-model.ts'
import type { HubSettings } from './settings.ts'

interface FetchBlobOptions {
  source: { name: string; commit: string; hub: HubSettings; fetch: typeof fetch }
  /** Bytes of the file so far. */
  onBytes(count: number): void
  onMessage?(text: string): void
  signal?: AbortSignal
}

/** Downloads the content of a file, unless the cache has it. Throws UserError. */
export async function fetchBlob(
  file: RemoteFile,
  cache: ModelCache,
  { source, onBytes, onMessage, signal }: FetchBlobOptions,
): Promise<void> {
  const { name, commit, hub, fetch } = source
  const blob = cache.blob(file)
  const address = file.path.split('/').map(encodeURIComponent).join('/')
  const url = `${hub.endpoint}/${name}/resolve/${commit}/${address}`
  const request = (from: number, stalled: AbortSignal) =>
    fetch(url, {
      headers: {
        // Offsets count in the bytes sent, so these must not be compressed.
        'accept-encoding': 'identity',
        // `fetch` drops this when the Hub redirects to the storage of large files.
        ...(hub.token && { authorization: `Bearer ${hub.token}` }),
        ...(from > 0 && { range: `bytes=${from}-` }),
      },
      signal: stalled,
    })
  const fetchIt = async () => {
    // Where links are unsupported, other tools keep the file itself in the snapshot.
    for (const path of [blob, cache.path(commit, file)]) if (await hasSize(path, file.size)) return
    await download({ file, blob, request, timeout: hub.timeout, signal, onBytes })
  }
  const onWait = () => onMessage?.(`another process is downloading ${file.path}: waiting`)
  await withLock(cache.lock(file), fetchIt, { signal, onWait })
  onBytes(file.size)
}

interface DownloadOptions {
  file: RemoteFile
  /** Path of the file; an incomplete download lies beside it, as `.incomplete`. */
  blob: string
  /** Requests the file's bytes from an offset on. */
  request(from: number, signal: AbortSignal): Promise<Response>
  /** Seconds to wait for the next bytes. */
  timeout: number
  signal?: AbortSignal
  /** Bytes of the file so far. */
  onBytes?(count: number): void
}

/**
 * Downloads a file, resuming an interrupted download, and renames it once its checksum is right. If
 * the checksum is wrong, the file is downloaded once more, from the start. Only one download of a
 * file may run at a time. Throws UserError; the bytes received so far are kept for the next try.
 *
 * @huggingface/hub restarts every download, and verifies neither length nor content.
 */
async function download(options: DownloadOptions): Promise<void> {
  const { file, blob } = options
  const partial = `${blob}.incomplete`
  for (let tries = 1; (await fill(partial, options)) !== file.oid; tries++) {
    await rm(partial)
    if (tries < 2) continue
    throw new UserError(
      `${file.path} arrived twice with a checksum or length other than the Hub's. A proxy may be ` +
        "changing it, or the Hub's copy is damaged; nothing of it was kept",
    )
  }
  await rename(partial, blob).catch(async (error) => {
    // Without locks, another download may have finished first.
    if (!(await hasSize(blob, file.size))) throw fileError(error, `cannot write ${blob}`)
  })
}

/** Fetches the rest of a file; resolves with its checksum, or undefined if it is too long. */
async function fill(path: string, options: DownloadOptions): Promise<string | undefined> {
  const { file, signal, onBytes } = options
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT).catch((error) => {
    throw fileError(error, `cannot write ${path}`)
  })
  try {
    let { hash, done } = await readBack(handle, file)
    let furthest = done
    let failures = 0
    onBytes?.(done)
    while (done < file.size) {
      try {
        for await (const { bytes, isFirst } of receive(done, options)) {
          // A server that cannot resume sends the whole file.
          if (isFirst) [hash, done] = [checksum(file), 0]
          if (done + bytes.length > file.size) return undefined
          await writeAt(handle, bytes, done).catch((error) => {
            throw fileError(error, `cannot write ${path}`)
          })
          hash.update(bytes)
          done += bytes.length
          onBytes?.(done)
        }
        if (done < file.size) throw new Error('the connection ended early')
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof UserError) throw error
        failures = done > furthest ? 1 : failures + 1
        furthest = Math.max(furthest, done)
        if (failures === TRIES) throw interrupted(file, done, error)
        await delay(backOff(failures), undefined, { signal })
      }
    }
    await handle.sync()
    return hash.digest('hex')
  } finally {
    await handle.close()
  }
}

const interrupted = ({ path, size }: RemoteFile, done: number, error: unknown): UserError =>
  new UserError(
    `${path} was interrupted at byte ${done} of ${size}, again and again: ${reasonOf(error)}. ` +
      'Check the network and run again: the download resumes from there',
    { cause: error },
  )

const checksum = ({ oid, size }: RemoteFile): Hash =>
  oid.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)

/** Length and checksum of what an interrupted download left. */
async function readBack(handle: FileHandle, file: RemoteFile) {
  const hash = checksum(file)
  const { size } = await handle.stat()
  if (size > file.size) await handle.truncate(0)
  const done = size > file.size ? 0 : size
  if (done > 0) {
    const stream = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })
    for await (const bytes of stream) hash.update(bytes)
  }
  return { hash, done }
}

/** Bytes from an offset on; `isFirst` if they are the file's first instead. */
async function* receive(from: number, { request, timeout }: DownloadOptions) {
  const stalled = new AbortController()
  const giveUp = () => stalled.abort(new Error(`no bytes arrived for ${timeout} seconds`))
  const timer = setTimeout(giveUp, 1000 * timeout)
  try {
    const { status, headers, body } = await request(from, stalled.signal)
    const start = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1]
    if (status === 206 && Number(start) !== from) throw new Error('the server sent another part')
    let isFirst = from > 0 && status !== 206
    for await (const bytes of body ?? []) {
      timer.refresh()
      yield { bytes, isFirst }
      isFirst = false
    }
  } finally {
    clearTimeout(timer)
  }
}
