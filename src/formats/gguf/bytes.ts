import { UserError } from '../../errors.ts'

const LONGEST = 80

/** A name in quotes, for a message: control characters escaped, and cut where it is long. */
export const quote = (name: string): string =>
  JSON.stringify(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name)

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

const encoder = new TextEncoder()

/** Bytes one after the other, in memory that grows. */
export class ByteWriter {
  #memory = new Uint8Array(1 << 12)
  #length = 0

  /** What was written; a view. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length)
  }

  uint32(value: number): void {
    const at = this.#claim(4)
    new DataView(this.#memory.buffer).setUint32(at, value, true)
  }

  uint64(value: number): void {
    const at = this.#claim(8)
    new DataView(this.#memory.buffer).setBigUint64(at, BigInt(value), true)
  }

  write(bytes: Uint8Array): void {
    const at = this.#claim(bytes.length)
    this.#memory.set(bytes, at)
  }

  /**
   * A string in UTF-8, after its length. Throws UserError where half of a pair stands alone; `what`
   * says which string it is.
   */
  string(text: string, what: string): void {
    if (/\p{Surrogate}/u.test(text)) {
      throw new UserError(`${what} is ${quote(text)}, not well-formed Unicode`)
    }
    const bytes = encoder.encode(text)
    this.uint64(bytes.length)
    this.write(bytes)
  }

  /** Zeros up to the next multiple of `alignment`. */
  align(alignment: number): void {
    this.#claim(-this.#length & (alignment - 1))
  }

  #claim(length: number): number {
    const start = this.#length
    this.#length += length
    if (this.#length > this.#memory.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#memory.length))
      larger.set(this.#memory)
      this.#memory = larger
    }
    return start
  }
}
