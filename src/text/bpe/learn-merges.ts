import { isContinuation, isWhole } from './bytes.ts'
import type { WordCounts } from './count.ts'
import { PairTable } from './pair-table.ts'
import { grown } from './word-table.ts'

/** Symbols 0 .. 255 are the bytes, 256 + i is what merge i makes. */
export type Merge = readonly [left: number, right: number]

export interface LearnOptions {
  /** The most merges to learn. */
  most: number
  /** A pair is merged only if it occurs this often. */
  atLeast: number
  /** Make no token of part of a character together with a neighbor of it. */
  wholeCharacters: boolean
}

/**
 * Byte-pair training (Sennrich et al. 2016): again and again the most frequent pair of neighbors is
 * merged. Of pairs equally frequent the one whose bytes come later in the alphabet is taken: the
 * greater left token, then the greater right one. The result depends on the counts alone, not on
 * the order of the words.
 *
 * Every position of a pair is in that pair's list, so a merge touches only the positions that it
 * changes. Time is about that of one pass over the distinct words plus the changes; memory is set
 * by the distinct words.
 */
export function learnMerges(words: WordCounts, options: LearnOptions): Merge[] {
  const lists = new SymbolLists(words)
  const queue = new PairQueue(lists, options)
  const merges: Merge[] = []
  while (merges.length < options.most) {
    const pair = queue.pop()
    if (pair < 0) break
    merges.push([lists.pairs.left[pair]!, lists.pairs.right[pair]!])
    const before = lists.pairs.size
    lists.merge(pair)
    for (let fresh = before; fresh < lists.pairs.size; fresh++) queue.push(fresh)
  }
  return merges
}

/** The words as linked lists of symbols, each at the position of its first byte. */
class SymbolLists {
  readonly pairs = new PairTable()
  /** Symbol -> its bytes, as a position and a length. */
  readonly #example: number[] = []
  readonly #length: number[] = []
  readonly #bytes: Uint8Array
  readonly #counts: Float64Array
  readonly #wordAt: Int32Array
  readonly #symbolAt: Int32Array
  /** Neighbors in the word, -1 at its ends. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** The pair of this symbol and the next (-1: none), and its neighbors in that pair's list. */
  readonly #pairAt: Int32Array
  readonly #listNext: Int32Array
  readonly #listPrevious: Int32Array

  constructor({ bytes, starts, counts }: WordCounts) {
    const size = bytes.length
    this.#bytes = bytes
    this.#counts = counts
    this.#wordAt = new Int32Array(size)
    this.#symbolAt = Int32Array.from(bytes)
    this.#next = new Int32Array(size)
    this.#previous = new Int32Array(size)
    this.#pairAt = new Int32Array(size).fill(-1)
    this.#listNext = new Int32Array(size)
    this.#listPrevious = new Int32Array(size)
    for (let word = 0; word < counts.length; word++) {
      const start = starts[word]!
      const end = starts[word + 1]!
      for (let position = start; position < end; position++) {
        this.#wordAt[position] = word
        this.#previous[position] = position === start ? -1 : position - 1
        this.#next[position] = position === end - 1 ? -1 : position + 1
        this.#example[bytes[position]!] = position
      }
    }
    for (let position = 0; position < size; position++) this.#link(position)
    this.#length = new Array<number>(256).fill(1)
  }

  /** Makes the pair a new symbol wherever it occurs. */
  merge(pair: number): void {
    const pairs = this.pairs
    const next = this.#next
    const previous = this.#previous
    const left = pairs.left[pair]!
    const right = pairs.right[pair]!
    const found: number[] = []
    for (let position = pairs.first[pair]!; position >= 0; position = this.#listNext[position]!)
      found.push(position)
    // In `aaa` the pair (a, a) occurs twice but is merged once, on the left, as in encoding.
    if (left === right) found.sort((a, b) => a - b)

    const symbol = this.#length.length
    this.#length.push(this.#length[left]! + this.#length[right]!)
    this.#example[symbol] = found[0]!
    for (const position of found) {
      if (this.#pairAt[position] !== pair) continue
      const second = next[position]!
      const before = previous[position]!
      const after = next[second]!
      if (before >= 0) this.#unlink(before)
      this.#unlink(position)
      if (after >= 0) this.#unlink(second)
      this.#symbolAt[position] = symbol
      next[position] = after
      if (after >= 0) previous[after] = position
      if (before >= 0) this.#link(before)
      this.#link(position)
    }
  }

  /** Whether pair `a` comes later in the alphabet than pair `b`. */
  isGreater(a: number, b: number): boolean {
    const { left, right } = this.pairs
    const order = this.#compare(left[a]!, left[b]!) || this.#compare(right[a]!, right[b]!)
    return order > 0
  }

  /** Whether the pair's bytes are whole characters, or lie within one. */
  keepsCharacters(pair: number): boolean {
    const left = this.#bytesOf(this.pairs.left[pair]!)
    const right = this.#bytesOf(this.pairs.right[pair]!)
    if (isContinuation(right[0]!)) {
      // The character that `right` continues must be all that `left` has, and `right` nothing
      // else.
      return left.every((byte, i) => i === 0 || isContinuation(byte)) && right.every(isContinuation)
    }
    return isWhole(left) && isWhole(right)
  }

  #bytesOf(symbol: number): Uint8Array {
    const start = this.#example[symbol]!
    return this.#bytes.subarray(start, start + this.#length[symbol]!)
  }

  /** Order of two symbols' bytes; a prefix comes first. */
  #compare(a: number, b: number): number {
    if (a === b) return 0
    const lengthA = this.#length[a]!
    const lengthB = this.#length[b]!
    const startA = this.#example[a]!
    const startB = this.#example[b]!
    const common = Math.min(lengthA, lengthB)
    for (let i = 0; i < common; i++) {
      const difference = this.#bytes[startA + i]! - this.#bytes[startB + i]!
      if (difference !== 0) return difference
    }
    return lengthA - lengthB
  }

  /** Enters the position in the list of its pair. */
  #link(position: number): void {
    const second = this.#next[position]!
    if (second < 0) return
    const pairs = this.pairs
    const pair = pairs.intern(this.#symbolAt[position]!, this.#symbolAt[second]!)
    const head = pairs.first[pair]!
    this.#pairAt[position] = pair
    this.#listNext[position] = head
    this.#listPrevious[position] = -1
    if (head >= 0) this.#listPrevious[head] = position
    pairs.first[pair] = position
    pairs.count[pair]! += this.#counts[this.#wordAt[position]!]!
  }

  /** Takes the position out of the list of its pair. */
  #unlink(position: number): void {
    const pairs = this.pairs
    const pair = this.#pairAt[position]!
    const after = this.#listNext[position]!
    const before = this.#listPrevious[position]!
    if (before >= 0) this.#listNext[before] = after
    else pairs.first[pair] = after
    if (after >= 0) this.#listPrevious[after] = before
    pairs.count[pair]! -= this.#counts[this.#wordAt[position]!]!
    this.#pairAt[position] = -1
  }
}

/**
 * A heap of pairs, the most frequent on top. After the merge that makes a pair its count can only
 * fall, so a pair is moved down when it comes to the top with an old count.
 */
class PairQueue {
  #size = 0
  #pairs = new Int32Array(1 << 10)
  #counts = new Float64Array(1 << 10)
  readonly #lists: SymbolLists
  readonly #options: LearnOptions

  constructor(lists: SymbolLists, options: LearnOptions) {
    this.#lists = lists
    this.#options = options
    for (let pair = 0; pair < lists.pairs.size; pair++) this.push(pair)
  }

  push(pair: number): void {
    const count = this.#lists.pairs.count[pair]!
    if (count < this.#options.atLeast) return
    if (this.#options.wholeCharacters && !this.#lists.keepsCharacters(pair)) return
    if (this.#size === this.#pairs.length) {
      this.#pairs = grown(this.#pairs)
      this.#counts = grown(this.#counts)
    }
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isAhead(count, pair, parent)) break
      this.#set(at, this.#counts[parent]!, this.#pairs[parent]!)
      at = parent
    }
    this.#set(at, count, pair)
  }

  /** Takes out the most frequent pair; -1 if none occurs often enough. */
  pop(): number {
    const { atLeast } = this.#options
    while (this.#size > 0) {
      const pair = this.#pairs[0]!
      const count = this.#lists.pairs.count[pair]!
      const isCurrent = count === this.#counts[0]!
      if (isCurrent || count < atLeast) {
        this.#size--
        this.#sink(this.#counts[this.#size]!, this.#pairs[this.#size]!)
        if (count >= atLeast) return pair
      } else this.#sink(count, pair)
    }
    return -1
  }

  /** Puts (count, pair) at the top, and down to where it belongs. */
  #sink(count: number, pair: number): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#size) break
      const other = child + 1
      if (other < this.#size && this.#isAhead(this.#counts[other]!, this.#pairs[other]!, child))
        child++
      if (this.#isAhead(count, pair, child)) break
      this.#set(at, this.#counts[child]!, this.#pairs[child]!)
      at = child
    }
    this.#set(at, count, pair)
  }

  #isAhead(count: number, pair: number, other: number): boolean {
    const difference = count - this.#counts[other]!
    return difference > 0 || (difference === 0 && this.#lists.isGreater(pair, this.#pairs[other]!))
  }

  #set(at: number, count: number, pair: number): void {
    this.#counts[at] = count
    this.#pairs[at] = pair
  }
}
