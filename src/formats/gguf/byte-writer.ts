import { UserError } from '../../errors.ts'
import { quote } from './quote.ts'

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
