import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

/** Threads need these: https://web.dev/articles/coop-coep. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

export interface Site {
  /** `http://localhost:PORT`. */
  origin: string
  close(): void
}

/** Serves a folder on this machine; `isolated` pages may have threads. */
export async function serve(folder: string, { isolated }: { isolated: boolean }): Promise<Site> {
  const server = createServer(async ({ url = '/' }, response) => {
    const path = join(folder, normalize(new URL(url, 'http://localhost').pathname))
    try {
      const bytes = await readFile(path)
      const type = { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' }
      response.writeHead(200, { ...type, ...(isolated && ISOLATION) }).end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `http://localhost:${port}`, close: () => void server.close() }
}
