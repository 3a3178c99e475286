import { hashOf } from './merges.ts'
import { grown } from './word-table.ts'

/** Numbers the pairs of symbols that occur next to each other, and keeps what is known of each. */
export class PairTable {
  /** Pairs are numbered 0 .. size - 1. */
  size = 0
  left = new Int32Array(1 << 10)
  right = new Int32Array(1 << 10)
  /** How often the pair occurs: words weighted with their counts. */
  count = new Float64Array(1 << 10)
  /** First position where it occurs, the head of a list kept by the caller; -1 if there is none. */
  first = new Int32Array(1 << 10)
  /** Open addressing: pair + 1, or 0 where free; at most half full. */
  #slots = new Int32Array(1 << 11)

  /** Number of the pair (left, right), which is added with count 0 if it is new. */
  intern(left: number, right: number): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(left, right) & mask
    for (;;) {
      const pair = this.#slots[slot]! - 1
      if (pair < 0) break
      if (this.left[pair] === left && this.right[pair] === right) return pair
      slot = (slot + 1) & mask
    }
    if (this.size === this.left.length) {
      this.#grow()
      return this.intern(left, right)
    }
    const pair = this.size++
    this.left[pair] = left
    this.right[pair] = right
    this.first[pair] = -1
    this.#slots[slot] = pair + 1
    return pair
  }

  #grow(): void {
    this.left = grown(this.left)
    this.right = grown(this.right)
    this.count = grown(this.count)
    this.first = grown(this.first)
    this.#slots = new Int32Array(2 * this.#slots.length)
    const mask = this.#slots.length - 1
    for (let pair = 0; pair < this.size; pair++) {
      let slot = hashOf(this.left[pair]!, this.right[pair]!) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = pair + 1
    }
  }
}
