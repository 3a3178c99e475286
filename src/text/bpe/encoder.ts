import type { Characters } from './characters.ts'
import type { Merges } from './merges.ts'
import { grown, WordTable } from './word-table.ts'

/** Words in the cache; a new one takes the place of another with the same hash. */
const ENTRIES = 1 << 14
/** Int32s per entry, one cache line: the word's bytes, `length << 8 | count`, then its ids. */
const STRIDE = 16
const KEY = 6
/** Longest word (in bytes) and most ids that an entry holds. */
const LENGTH = 4 * KEY
const IDS = STRIDE - KEY - 1

/** Turns words into ids: the frequent ones from a cache of fixed size, the others by merging. */
export class WordEncoder {
  readonly #merges: Merges
  readonly #characters: Characters
  readonly #whole: WholeWords | undefined
  readonly #cache = new Int32Array(ENTRIES * STRIDE)

  constructor(merges: Merges, characters: Characters, whole?: WholeWords) {
    this.#merges = merges
    this.#characters = characters
    this.#whole = whole
  }

  /** The ids encoded so far, the first `count` of `ids`; set `count` to 0 to begin again. */
  ids = new Int32Array(1 << 12)
  count = 0

  /**
   * Appends the ids of some words, of which word i is bytes[ends[i - 1] .. ends[i]). At least
   * three more bytes must follow the last word.
   */
  append(bytes: Uint8Array, ends: Int32Array, words: number): void {
    if (words === 0) return
    // A byte is at most one id, so inside the loop there is always room.
    while (this.count + ends[words - 1]! > this.ids.length) this.ids = grown(this.ids)
    const { ids } = this
    const cache = this.#cache
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let count = this.count
    let end = 0
    for (let word = 0; word < words; word++) {
      const start = end
      end = ends[word]!
      const length = end - start
      if (length > LENGTH) {
        count = this.#merge(bytes, start, end, count)
        continue
      }
      // The word as little-endian int32s, the last one padded with zeros.
      const last = (length - 1) >> 2
      let hash = length
      for (let i = 0; i < last; i++) {
        hash = Math.imul(hash ^ view.getInt32(start + 4 * i, true), 0x9e3779b1)
        hash ^= hash >>> 15
      }
      const lastKey = view.getInt32(start + 4 * last, true) & (-1 >>> (8 * (-length & 3)))
      hash = Math.imul(hash ^ lastKey, 0x9e3779b1)
      const entry = (hash >>> 18) * STRIDE

      const header = cache[entry + KEY]!
      let isKnown = header >>> 8 === length && cache[entry + last] === lastKey
      for (let i = 0; isKnown && i < last; i++) {
        isKnown = cache[entry + i] === view.getInt32(start + 4 * i, true)
      }
      if (isKnown) {
        const last = entry + KEY + (header & 255)
        for (let i = entry + KEY + 1; i <= last; i++) ids[count++] = cache[i]!
        continue
      }
      const first = count
      count = this.#merge(bytes, start, end, count)
      if (count - first > IDS) continue
      for (let i = 0; i < last; i++) cache[entry + i] = view.getInt32(start + 4 * i, true)
      cache[entry + last] = lastKey
      cache[entry + KEY] = (length << 8) | (count - first)
      for (let i = first; i < count; i++) cache[entry + KEY + 1 + i - first] = ids[i]!
    }
    this.count = count
  }

  /** Appends one id. */
  push(id: number): void {
    if (this.count === this.ids.length) this.ids = grown(this.ids)
    this.ids[this.count++] = id
  }

  /** Writes the ids of one word from ids[count] on; returns where they end. */
  #merge(bytes: Uint8Array, start: number, end: number, count: number): number {
    const id = this.#whole?.id(bytes, start, end)
    if (id !== undefined) {
      this.ids[count] = id
      return count + 1
    }
    const merged = this.#merges.apply(this.#characters.fill(bytes, start, end))
    for (let i = 0; i < merged; i++) this.ids[count + i] = this.#merges.ids[i]!
    return count + merged
  }
}

/** Words that are tokens as they stand, whatever the merges would give (`ignore_merges`). */
export class WholeWords {
  readonly #table = new WordTable()

  add(bytes: Uint8Array, id: number): void {
    this.#table.setValue(this.#table.intern(bytes, 0, bytes.length), id)
  }

  id(bytes: Uint8Array, start: number, end: number): number | undefined {
    const word = this.#table.find(bytes, start, end)
    return word < 0 ? undefined : this.#table.value(word)
  }
}
