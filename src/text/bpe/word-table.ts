/**
 * A map from byte strings to numbers: words are numbered in the order of their first appearance,
 * and each holds one value. Open addressing, the keys end to end in one array: looking a word up
 * touches three cache lines, makes no string and allocates nothing.
 */
export class WordTable {
  /** Distinct words so far; they are numbered 0 .. size - 1. */
  size = 0
  /** Bytes of all words, end to end. */
  keys = new Uint8Array(1 << 12)
  /** For each word its start in `keys` and its value; then the start of the next one. */
  #words = new Int32Array(2 * 257)
  /** Pairs of word + 1 (0 where free) and hash; at most half are used. */
  #slots = new Int32Array(2 * 512)

  /** Number of the word bytes[start .. end), which is added with value 0 if it is new. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end)
    const slot = this.#slot(hash, bytes, start, end)
    const word = this.#slots[slot]! - 1
    return word < 0 ? this.#add(bytes, start, end, hash, slot) : word
  }

  /** Number of the word bytes[start .. end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#slot(hashOf(bytes, start, end), bytes, start, end)]! - 1
  }

  start(word: number): number {
    return this.#words[2 * word]!
  }

  value(word: number): number {
    return this.#words[2 * word + 1]!
  }

  setValue(word: number, value: number): void {
    this.#words[2 * word + 1] = value
  }

  /** Where the word is in `slots`, or the free slot where it would be. */
  #slot(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = (hash << 1) & mask; ; slot = (slot + 2) & mask) {
      const word = slots[slot]! - 1
      if (word < 0 || (slots[slot + 1] === hash && this.#equals(word, bytes, start, end)))
        return slot
    }
  }

  #equals(word: number, bytes: Uint8Array, start: number, end: number): boolean {
    const { keys } = this
    const words = this.#words
    let key = words[2 * word]!
    if (words[2 * word + 2]! - key !== end - start) return false
    for (let i = start; i < end; i++) if (keys[key++] !== bytes[i]) return false
    return true
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const word = this.size++
    const key = this.#words[2 * word]!
    const keyEnd = key + end - start
    while (keyEnd > this.keys.length) this.keys = grown(this.keys)
    for (let i = start; i < end; i++) this.keys[key + i - start] = bytes[i]!
    this.#words[2 * word + 1] = 0
    this.#words[2 * word + 2] = keyEnd
    this.#slots[slot] = word + 1
    this.#slots[slot + 1] = hash
    if (4 * this.size === this.#slots.length) this.#grow()
    return word
  }

  #grow(): void {
    const slots = this.#slots
    this.#words = grown(this.#words)
    this.#slots = new Int32Array(2 * slots.length)
    const mask = this.#slots.length - 1
    for (let from = 0; from < slots.length; from += 2) {
      if (slots[from] === 0) continue
      let slot = (slots[from + 1]! << 1) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 2) & mask
      this.#slots[slot] = slots[from]!
      this.#slots[slot + 1] = slots[from + 1]!
    }
  }
}

/** FNV-1a's step over the bytes, with the high bits folded into the low ones that pick a slot. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 15)
}

/** The same numbers in an array twice as long. */
export function grown<T extends Uint8Array | Int32Array | Float64Array>(array: T): T {
  const twice = new (array.constructor as new (length: number) => T)(2 * array.length)
  twice.set(array)
  return twice
}
