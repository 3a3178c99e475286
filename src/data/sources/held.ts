import { UserError } from '../../errors.ts'

/** UTF-16 units of the longest record. */
const LONGEST = 100_000_000

/** Joins the parts of a record once: a growing string would be copied at each search. */
export class Held {
  #parts: string[] = []
  #length = 0

  /** Throws UserError where the record becomes too long. */
  add(part: string, where: string): void {
    this.#parts.push(part)
    this.#length += part.length
    if (this.#length <= LONGEST) return
    throw new UserError(
      `${where}: a record of more than ${LONGEST.toLocaleString('en')} characters; divide it ` +
        'into several, or give the text as a plain file',
    )
  }

  /** The whole record, which ends with `part`. */
  take(part: string): string {
    const whole = this.#parts.length === 0 ? part : this.#parts.join('') + part
    this.#parts = []
    this.#length = 0
    return whole
  }
}
