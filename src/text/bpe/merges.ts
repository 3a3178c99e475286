import { UserError } from '../../errors.ts'

/** No merge: larger than every rank. */
const NONE = 0x7fffffff
/** From here on a heap finds the next merge: the plain search would take quadratic time. */
const LONG = 96
/** A slot holds a rank, and above it bits of the pair's hash, so that most misses end there. */
const RANK_BITS = 20
const RANK = (1 << RANK_BITS) - 1
/** Separates rank and position in the heap's keys. */
const POSITIONS = 2 ** 31

/**
 * The merges of a byte-pair encoding, and how they are applied: of all adjacent pairs the one of
 * lowest rank is merged, the leftmost first, until no pair has a rank (Sennrich et al. 2016).
 */
export class Merges {
  /** Number of merges; the next one added has this rank. */
  size = 0
  /** Merge `rank` is pairs[3 rank], pairs[3 rank + 1] -> pairs[3 rank + 2]. */
  readonly pairs: Int32Array
  /** The ids being merged: filled by the caller, at most `room` of them. */
  ids = new Int32Array(LONG)
  #ranks = new Int32Array(LONG)
  /** What stands for the rank of a merge where several are equal. */
  #levels: Int32Array | undefined
  /** Open addressing: -1 where free; at most half full. */
  readonly #slots: Int32Array

  /** Throws a UserError if `capacity`, the most merges there will be, is over a million. */
  constructor(capacity: number) {
    if (capacity > RANK)
      throw new UserError(`the tokenizer has ${capacity} merges; at most ${RANK} are supported`)
    this.pairs = new Int32Array(3 * capacity)
    let slots = 256
    while (slots < 2 * capacity) slots *= 2
    this.#slots = new Int32Array(slots).fill(-1)
  }

  /** Adds left + right -> merged, with the next rank. */
  add(left: number, right: number, merged: number): void {
    const rank = this.size++
    this.pairs[3 * rank] = left
    this.pairs[3 * rank + 1] = right
    this.pairs[3 * rank + 2] = merged
    const hash = hashOf(left, right)
    this.#slots[this.#slot(left, right, hash)] = (hash & ~RANK) | rank
  }

  /**
   * Makes merges equal that have the same level, by rank: of their pairs the leftmost is next. A
   * level is the first rank that has it.
   */
  setLevels(levels: Int32Array): void {
    this.#levels = levels
  }

  /** Makes `ids` long enough for `length` ids. */
  room(length: number): Int32Array {
    if (length > this.ids.length) {
      this.ids = new Int32Array(2 * length)
      this.#ranks = new Int32Array(2 * length)
    }
    return this.ids
  }

  /** Merges ids[0 .. length) in place; returns how many are left. */
  apply(length: number): number {
    const { ids } = this
    const ranks = this.#ranks
    for (let i = 1; i < length; i++) ranks[i - 1] = this.#level(ids[i - 1]!, ids[i]!)
    return length <= LONG ? this.#applyShort(length) : this.#applyLong(length)
  }

  #applyShort(length: number): number {
    const { ids } = this
    const ranks = this.#ranks
    for (;;) {
      let best = NONE
      let at = 0
      for (let i = 0; i < length - 1; i++) {
        const rank = ranks[i]!
        if (rank < best) {
          best = rank
          at = i
        }
      }
      if (best === NONE) return length
      ids[at] = this.#merged(best, ids[at]!, ids[at + 1]!)
      length--
      for (let i = at + 1; i < length; i++) {
        ids[i] = ids[i + 1]!
        ranks[i - 1] = ranks[i]!
      }
      if (at > 0) ranks[at - 1] = this.#level(ids[at - 1]!, ids[at]!)
      if (at < length - 1) ranks[at] = this.#level(ids[at]!, ids[at + 1]!)
    }
  }

  /** As applyShort, in O(n log n): a heap of (rank, position) over a linked list. */
  #applyLong(length: number): number {
    const { ids } = this
    const ranks = this.#ranks
    const next = Int32Array.from({ length }, (_, i) => i + 1)
    const previous = Int32Array.from({ length }, (_, i) => i - 1)
    ranks[length - 1] = NONE
    const heap = new MinHeap(3 * length)
    for (let i = 0; i < length - 1; i++) {
      if (ranks[i] !== NONE) heap.push(ranks[i]! * POSITIONS + i)
    }
    const rankAgain = (at: number): void => {
      ranks[at] = next[at] === length ? NONE : this.#level(ids[at]!, ids[next[at]!]!)
      if (ranks[at] !== NONE) heap.push(ranks[at]! * POSITIONS + at)
    }
    while (heap.size > 0) {
      const key = heap.pop()
      const rank = Math.floor(key / POSITIONS)
      const at = key - rank * POSITIONS
      if (ranks[at] !== rank) continue
      const right = next[at]!
      ids[at] = this.#merged(rank, ids[at]!, ids[right]!)
      next[at] = next[right]!
      if (next[at]! < length) previous[next[at]!] = at
      ranks[right] = NONE
      rankAgain(at)
      if (previous[at]! >= 0) rankAgain(previous[at]!)
    }
    let count = 0
    for (let at = 0; at < length; at = next[at]!) ids[count++] = ids[at]!
    return count
  }

  /** Rank of the merge of left and right; more than any rank if there is none. */
  rank(left: number, right: number): number {
    const slot = this.#slots[this.#slot(left, right, hashOf(left, right))]!
    return slot === -1 ? NONE : slot & RANK
  }

  #level(left: number, right: number): number {
    const rank = this.rank(left, right)
    return this.#levels && rank !== NONE ? this.#levels[rank]! : rank
  }

  #merged(level: number, left: number, right: number): number {
    const rank = this.#levels ? this.rank(left, right) : level
    return this.pairs[3 * rank + 2]!
  }

  /** Where the pair is in `slots`, or where it would be. */
  #slot(left: number, right: number, hash: number): number {
    const { pairs } = this
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot]!
      if (found === -1) return slot
      if (((found ^ hash) & ~RANK) !== 0) continue
      const pair = 3 * (found & RANK)
      if (pairs[pair] === left && pairs[pair + 1] === right) return slot
    }
  }
}

/** A hash of a pair of symbols. */
export function hashOf(left: number, right: number): number {
  const hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b)
  return hash ^ (hash >>> 15)
}

/** A binary heap of numbers, the smallest on top. */
class MinHeap {
  size = 0
  readonly #keys: Float64Array

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity)
  }

  push(key: number): void {
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#keys[parent]! <= key) break
      this.#keys[at] = this.#keys[parent]!
      at = parent
    }
    this.#keys[at] = key
  }

  pop(): number {
    const top = this.#keys[0]!
    const key = this.#keys[--this.size]!
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.size) break
      if (child + 1 < this.size && this.#keys[child + 1]! < this.#keys[child]!) child++
      if (this.#keys[child]! >= key) break
      this.#keys[at] = this.#keys[child]!
      at = child
    }
    this.#keys[at] = key
    return top
  }
}
