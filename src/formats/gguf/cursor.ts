import { UserError } from '../../errors.ts'

/** A header longer than this is refused: several times that of the largest vocabulary known. */
const MAX_HEADER = 2 ** 27
/** So are more values that take an object each: likewise. */
const MAX_OBJECTS = 2 ** 22
/** What an array, a pair or a tensor counts for, in memory and time; a string counts for 1. */
export const HEAVY = 16

/** Thrown by a cursor at the end of its bytes, where the file has more. */
export class MoreBytesNeeded extends Error {}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the header of a GGUF file from its first bytes, front to back. What the file claims is
 * compared with its size before anything is made for it. `what` names a field in errors, which are
 * UserErrors, or `MoreBytesNeeded`.
 */
export class Cursor {
  /** Of the next byte. */
  offset = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #size: number
  #objects = 0

  /** `bytes` are the first of a file of `size` bytes. */
  constructor(bytes: Uint8Array, size: number) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#size = size
  }

  /** A view of the next bytes. */
  take(length: number, what: string): Uint8Array {
    const start = this.#advance(length, what)
    return this.#bytes.subarray(start, start + length)
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what), true)
  }

  /** A 64-bit number that JavaScript counts exactly. */
  size64(what: string): number {
    const value = this.#view.getBigUint64(this.#advance(8, what), true)
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new UserError(`${what} is ${value}, larger than any file`)
    }
    return Number(value)
  }

  /** A number of things that follow and take at least `smallest` bytes each. */
  count(smallest: number, what: string): number {
    const count = this.size64(what)
    const rest = this.#size - this.offset
    if (count * smallest > rest) {
      throw new UserError(`${what} is ${count}, but only ${rest} bytes follow; ${CUT}`)
    }
    return count
  }

  /** To be called before objects are made, with what they count for. */
  allow(objects: number, what: string): void {
    this.#objects += objects
    if (this.#objects > MAX_OBJECTS) {
      throw new UserError(`${what}: the header has more strings and values than any model`)
    }
  }

  string(what: string): string {
    const bytes = this.take(this.count(1, `${what}: length`), what)
    try {
      return decoder.decode(bytes)
    } catch {
      throw new UserError(`${what} is not UTF-8`)
    }
  }

  #advance(length: number, what: string): number {
    const start = this.offset
    const end = start + length
    if (end > this.#size) {
      throw new UserError(`${what} ends at byte ${end} of a file of ${this.#size}; ${CUT}`)
    }
    if (end > MAX_HEADER) throw new UserError(`${what}: the header is longer than ${MAX_HEADER}`)
    if (end > this.#bytes.length) throw new MoreBytesNeeded()
    this.offset = end
    return start
  }
}

const CUT = 'the file is cut short or damaged'
