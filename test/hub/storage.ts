import { sha256 } from './checksums.ts'
import type { Reply } from './reply.ts'

export interface LargeFile {
  oid: string
  size: number
}

interface Completion {
  parts: { partNumber: number; etag: string }[]
}

/** Where large files are: a server of its own, whose addresses are signed and take no token. */
export class Storage {
  endpoint = ''
  /** Bytes of a part of an upload; without it, files are uploaded whole. */
  partSize: number | undefined
  readonly #files = new Map<string, Buffer>()

  get(oid: string): Buffer | undefined {
    return this.#files.get(oid)
  }

  put(bytes: Buffer): void {
    this.#files.set(sha256(bytes), bytes)
  }

  address(oid: string): string {
    return `${this.endpoint}/${oid}?signature=1`
  }

  /** What Git LFS's batch API answers about an upload. */
  batchEntry({ oid, size }: LargeFile): object {
    const href = this.address(oid)
    if (this.#files.has(oid)) return { oid, size }
    if (!this.partSize) return { oid, size, actions: { upload: { href } } }
    const count = Math.ceil(size / this.partSize)
    const parts = Array.from({ length: count }, (_, i) => [`${i + 1}`, `${href}&part=${i + 1}`])
    const header = { chunk_size: `${this.partSize}`, ...Object.fromEntries(parts) }
    return { oid, size, actions: { upload: { href, header } } }
  }

  async serve(reply: Reply): Promise<void> {
    const oid = reply.url.slice(1, 65)
    if (reply.method === 'GET') return reply.bytes(this.#files.get(oid) ?? Buffer.alloc(0))
    const bytes = await reply.body()
    if (reply.fault.status) return reply.json({})
    const [, part] = /part=(\d+)/.exec(reply.url) ?? []
    if (part) {
      this.#files.set(`${oid} ${part}`, bytes)
      reply.set({ etag: `"${part}"` })
      return reply.json({})
    }
    const whole = reply.method === 'PUT' ? bytes : this.#join(oid, JSON.parse(`${bytes}`))
    if (sha256(whole) !== oid) return reply.refuse(400, '', 'the checksum is wrong')
    this.#files.set(oid, whole)
    return reply.json({})
  }

  #join(oid: string, { parts }: Completion): Buffer {
    const named = parts.filter(({ partNumber, etag }) => etag === `"${partNumber}"`)
    return Buffer.concat(
      named.map(({ partNumber }) => this.#files.get(`${oid} ${partNumber}`) ?? Buffer.alloc(0)),
    )
  }
}
