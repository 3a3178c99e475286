import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** What goes wrong with a response. */
export interface Fault {
  status?: number
  headers?: Record<string, string>
  /** Instead of what should come. */
  body?: string | Uint8Array
  /** The connection breaks off after so many bytes of the body. */
  cutAfter?: number
  /** What it waits for before that, with so many bytes of the whole sent: what a client has not
   * read yet is lost. */
  beforeCut?: (length: number) => Promise<void>
  /** The body ends after so many bytes, as if it were whole. */
  endAfter?: number
  /** Bytes stop coming after so many. */
  stallAfter?: number
  /** No answer comes. */
  isSilent?: boolean
  /** Offsets are passed over. */
  ignoresRange?: boolean
}

/** A request and its response. */
export class Reply {
  readonly method: string
  readonly url: string
  readonly token: string | undefined
  readonly fault: Fault
  readonly #request: IncomingMessage
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse, fault: Fault) {
    const { method = '', url = '', headers } = request
    this.method = method
    this.url = url
    this.token = headers.authorization?.replace('Bearer ', '')
    this.fault = fault
    this.#request = request
    this.#response = response
    this.set(fault.headers ?? {})
  }

  body = (): Promise<Buffer> => buffer(this.#request)
  text = async (): Promise<string> => (await this.body()).toString()

  set(headers: Record<string, string>): void {
    for (const [name, value] of Object.entries(headers)) this.#response.setHeader(name, value)
  }

  refuse(status: number, code: string, message: string): void {
    this.set({ 'x-error-code': code, 'x-error-message': message })
    this.#response.writeHead(status).end()
  }

  redirect(location: string): void {
    this.#response.writeHead(302, { location, 'content-length': '0' }).end()
  }

  json(value: unknown): void {
    const { status = 200, body } = this.fault
    this.set({ 'content-type': 'application/json' })
    this.#response.writeHead(status).end(body ?? JSON.stringify(value))
  }

  /** Bytes, from the offset that was asked for on. */
  bytes(whole: Buffer): void {
    const { status, body, cutAfter, endAfter, stallAfter, ignoresRange } = this.fault
    const { beforeCut = async () => {} } = this.fault
    const content = body === undefined ? whole : Buffer.from(body as string)
    const range = /^bytes=(\d+)-$/.exec(this.#request.headers.range ?? '')
    const start = range && !ignoresRange ? Number(range[1]) : 0
    const part = content.subarray(start)
    if (start > 0) this.set({ 'content-range': `bytes ${start}-${content.length - 1}/*` })
    if (endAfter === undefined) this.set({ 'content-length': `${part.length}` })
    this.#response.writeHead(status ?? (start > 0 ? 206 : 200))
    const shortened = cutAfter ?? endAfter ?? stallAfter
    if (this.method === 'HEAD') this.#response.end()
    else if (shortened === undefined || shortened >= part.length) this.#response.end(part)
    else if (endAfter !== undefined) this.#response.end(part.subarray(0, endAfter))
    else {
      this.#response.write(part.subarray(0, shortened), async () => {
        if (stallAfter !== undefined) return
        await beforeCut(start + shortened)
        this.#response.destroy()
      })
    }
  }
}
