import type { Model } from './model.ts'

export interface UnigramPiece {
  readonly text: string
  readonly id: number
  /** Logarithm of its probability. */
  readonly score: number
}

export interface UnigramOptions {
  readonly unkId: number
  /** Ids of the bytes, which then spell what has no piece. */
  readonly bytes?: readonly number[]
  /** The lowest score in the file. */
  readonly lowest: number
  /**
   * SentencePiece's own way: these pieces, user-defined, before all others, and sums in float32,
   * whose last bits decide between equals. Without, as Hugging Face's library: sums in float64.
   */
  readonly symbols?: ReadonlySet<string> | undefined
}

/** Score of a user-defined piece: any other's is lower. */
const SYMBOL_SCORE = -0.1

/** An unknown character costs this more than the least likely piece, as in SentencePiece. */
const UNKNOWN_PENALTY = 10

/**
 * Unigram language model (Kudo 2018): of all ways to cut a word into pieces the most probable one,
 * found by Viterbi's algorithm. Unknown characters next to each other are one unknown token.
 */
export class Unigram implements Model {
  readonly #options: UnigramOptions
  readonly #encoder = new TextEncoder()
  /** A trie, by `keyOf` a node and the next character; node 0 is the root. */
  readonly #children = new Map<number, number>()
  /** The piece that ends in a node: its id, -1 if none, and its score. */
  readonly #ids: number[] = [-1]
  readonly #scores: number[] = [0]

  constructor(pieces: Iterable<UnigramPiece>, options: UnigramOptions) {
    this.#options = options
    for (const { text, id, score } of pieces) {
      let node = 0
      for (const character of text) node = this.#child(node, character.codePointAt(0) as number)
      this.#ids[node] = id
      this.#scores[node] = options.symbols?.has(text) ? SYMBOL_SCORE : score
    }
  }

  encode(word: string, ids: number[]): void {
    const { unkId, bytes } = this.#options
    const { points, starts, last } = this.#best(word)
    const ends: number[] = []
    for (let end = points.length; end > 0; end = starts[end] as number) ends.push(end)
    let isUnknown = false
    for (const end of ends.reverse()) {
      const id = last[end] as number
      if (id >= 0) ids.push(id)
      else if (bytes) {
        const character = String.fromCodePoint(points[end - 1] as number)
        for (const byte of this.#encoder.encode(character)) ids.push(bytes[byte] as number)
      } else if (!isUnknown) ids.push(unkId)
      isUnknown = id < 0
    }
  }

  /**
   * The most probable cut; of equals the one whose last piece is longest. For the end of a piece
   * where it starts, and its id, -1 for an unknown character.
   */
  #best(word: string): { points: number[]; starts: Int32Array; last: Int32Array } {
    const points = Array.from(word, (character) => character.codePointAt(0) as number)
    const { symbols, lowest } = this.#options
    const unknownScore = lowest - UNKNOWN_PENALTY
    const scores = symbols
      ? new Float32Array(points.length + 1)
      : new Float64Array(points.length + 1)
    scores.fill(Number.NEGATIVE_INFINITY)
    const starts = new Int32Array(points.length + 1)
    const last = new Int32Array(points.length + 1)
    scores[0] = 0
    const offer = (start: number, end: number, id: number, score: number) => {
      const total = (scores[start] as number) + score
      if (!(total > (scores[end] as number))) return
      scores[end] = total
      starts[end] = start
      last[end] = id
    }
    for (let start = 0; start < points.length; start++) {
      let node = 0
      let isSpelled = false
      for (let end = start + 1; end <= points.length; end++) {
        node = this.#children.get(keyOf(node, points[end - 1] as number)) ?? -1
        if (node < 0) break
        const id = this.#ids[node] as number
        if (id < 0) continue
        offer(start, end, id, this.#scores[node] as number)
        if (end === start + 1) isSpelled = true
      }
      if (!isSpelled) offer(start, start + 1, -1, unknownScore)
    }
    return { points, starts, last }
  }

  #child(node: number, point: number): number {
    const key = keyOf(node, point)
    const known = this.#children.get(key)
    if (known !== undefined) return known
    const added = this.#ids.push(-1) - 1
    this.#scores.push(0)
    this.#children.set(key, added)
    return added
  }
}

const keyOf = (node: number, point: number): number => node * 2 ** 21 + point
