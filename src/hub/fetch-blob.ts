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
