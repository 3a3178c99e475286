import { withLock } from '../files/lock.ts'
import { download } from './download.ts'
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

/** Sees to it that the content of a file is in the cache. Throws UserError. */
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
        // An offset counts in what is sent, which therefore must not be compressed.
        'accept-encoding': 'identity',
        // On the way to where large files are, `fetch` leaves it out.
        ...(hub.token && { authorization: `Bearer ${hub.token}` }),
        ...(from > 0 && { range: `bytes=${from}-` }),
      },
      signal: stalled,
    })
  const fetchIt = async () => {
    // Where there are no links, other tools keep the file itself in the snapshot.
    const places = [blob, cache.path(commit, file)]
    for (const place of places) if (await hasSize(place, file.size)) return
    await download({ file, blob, request, timeout: hub.timeout, signal, onBytes })
  }
  const onWait = () => onMessage?.(`${file.path} is being fetched by another process: waiting`)
  await withLock(cache.lock(file), fetchIt, { signal, onWait })
  onBytes(file.size)
}
