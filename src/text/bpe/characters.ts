import { codePointAt, isContinuation, isWhole, widthOf } from './bytes.ts'
import type { Merges } from './merges.ts'

/** In `known`: this character must be merged from its bytes, together with its neighbors. */
const FROM_BYTES = -1

/**
 * The ids that the merging of a word starts from. By definition these are its bytes; a Chinese
 * character is three of them, and takes two merges that come out the same in every word. So a
 * character starts from what its own bytes merge to, wherever that cannot change the result:
 *
 * - No merge joins part of a character to its neighbor. Vocabularies trained on bytes have a few
 *   such tokens (`的` with the first two bytes of `一`); where two characters meet with the bytes at
 *   which one of those tokens crosses, both start from bytes.
 * - No merge of the whole character with others ranks before the merges inside it: otherwise it
 *   would be there too early. A character for which that fails starts from bytes everywhere.
 */
export class Characters {
  readonly #merges: Merges
  readonly #idOfByte: Int32Array
  /** (last byte of a character << 8 | first byte of the next) -> 1 if a token crosses there. */
  readonly #crossed = new Uint8Array(1 << 16)
  /**
   * Code point of two or three bytes -> id + 1 if it is one token, -(index in `runs`) if several,
   * FROM_BYTES, or 0 if not known yet.
   */
  readonly #known = new Int32Array(1 << 16)
  /** Code point -> rank of the first merge whose result has more characters than this one. */
  readonly #firstUse: Int32Array
  /** Count, then ids, of each character of several tokens; indices 0 and 1 are not used. */
  readonly #runs: number[] = [0, 0]

  /** `bytesOf` gives the bytes of every id in `merges`. */
  constructor(merges: Merges, idOfByte: Int32Array, bytesOf: (id: number) => Uint8Array) {
    this.#merges = merges
    this.#idOfByte = idOfByte
    this.#firstUse = new Int32Array(1 << 16).fill(merges.size)
    this.#findExceptions(bytesOf)
  }

  /** Fills merges.ids with what bytes[start .. end) starts from; returns how many. */
  fill(bytes: Uint8Array, start: number, end: number): number {
    const ids = this.#merges.room(end - start)
    const idOfByte = this.#idOfByte
    const crossed = this.#crossed
    const known = this.#known
    let count = 0
    for (let at = start; at < end; ) {
      const lead = bytes[at]!
      if (lead < 0x80) {
        ids[count++] = idOfByte[lead]!
        at++
        continue
      }
      const next = at + widthOf(lead)
      let result = FROM_BYTES
      if (
        lead < 0xf0 &&
        (at === start || crossed[(bytes[at - 1]! << 8) | lead] === 0) &&
        (next === end || crossed[(bytes[next - 1]! << 8) | bytes[next]!] === 0)
      ) {
        const codePoint = codePointAt(bytes, at)
        result = known[codePoint]! || this.#learn(codePoint, bytes.slice(at, next))
      }
      if (result > 0) ids[count++] = result - 1
      else if (result === FROM_BYTES) {
        for (let i = at; i < next; i++) ids[count++] = idOfByte[bytes[i]!]!
      } else {
        const runs = this.#runs
        for (let i = 1; i <= runs[-result]!; i++) ids[count++] = runs[i - result]!
      }
      at = next
    }
    return count
  }

  /** Merges one character by itself, and decides whether it may start so. */
  #learn(codePoint: number, character: Uint8Array): number {
    const ids = Array.from(character, (byte) => this.#idOfByte[byte]!)
    let latest = -1
    for (;;) {
      const ranks = ids.slice(1).map((id, i) => this.#merges.rank(ids[i]!, id))
      const rank = Math.min(...ranks)
      if (rank >= this.#merges.size) break
      ids.splice(ranks.indexOf(rank), 2, this.#merges.pairs[3 * rank + 2]!)
      latest = Math.max(latest, rank)
    }
    let result = FROM_BYTES
    if (ids.length > 1) result = -(this.#runs.push(ids.length, ...ids) - ids.length - 1)
    else if (latest < this.#firstUse[codePoint]!) result = ids[0]! + 1
    this.#known[codePoint] = result
    return result
  }

  #findExceptions(bytesOf: (id: number) => Uint8Array): void {
    const { pairs, size } = this.#merges
    for (let rank = 0; rank < size; rank++) {
      const bytes = bytesOf(pairs[3 * rank + 2]!)
      const whole = isWhole(bytes)
      const several = bytes.length > widthOf(bytes[0]!)
      for (let at = 0; at < bytes.length; at++) {
        if (isContinuation(bytes[at]!)) continue
        if (!whole && at > 0) this.#crossed[(bytes[at - 1]! << 8) | bytes[at]!] = 1
        if (whole && several && bytes[at]! >= 0x80) {
          const codePoint = codePointAt(bytes, at)
          if (this.#firstUse[codePoint]! > rank) this.#firstUse[codePoint] = rank
        }
      }
    }
  }
}
