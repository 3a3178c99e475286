import type { SplitName } from './split.ts'
import { scannerOf, splitSources } from './split.ts'
import { grown, WordTable } from './word-table.ts'
import { Words } from './words.ts'

/** Distinct words, their bytes end to end, and how often each occurred. */
export interface WordCounts {
  bytes: Uint8Array
  /** Word i is bytes[starts[i] .. starts[i + 1]). */
  starts: Int32Array
  counts: Float64Array
}

/** Counts the words of text. Memory is set by the distinct words. */
export class WordCounter {
  readonly #table = new WordTable()
  readonly #words: Words
  #counts = new Float64Array(1 << 10)

  constructor(split: SplitName) {
    this.#words = new Words(scannerOf.get(splitSources[split])!)
  }

  /** Counts the words of a piece (see pieces.ts). */
  add(piece: string): void {
    this.#words.each(piece, (bytes, ends, count) => {
      let start = 0
      for (let i = 0; i < count; i++) {
        const end = ends[i]!
        this.#count(bytes, start, end, 1)
        start = end
      }
    })
  }

  /** Adds what another counter counted. */
  merge({ bytes, starts, counts }: WordCounts): void {
    for (let i = 0; i < counts.length; i++)
      this.#count(bytes, starts[i]!, starts[i + 1]!, counts[i]!)
  }

  /** What was counted so far. The arrays are the caller's. */
  result(): WordCounts {
    const table = this.#table
    return {
      bytes: table.keys.slice(0, table.start(table.size)),
      starts: Int32Array.from({ length: table.size + 1 }, (_, word) => table.start(word)),
      counts: this.#counts.slice(0, table.size),
    }
  }

  #count(bytes: Uint8Array, start: number, end: number, times: number): void {
    const word = this.#table.intern(bytes, start, end)
    if (word >= this.#counts.length) this.#counts = grown(this.#counts)
    this.#counts[word]! += times
  }
}
