import type { Model, Vocabulary } from './model.ts'

export interface WordPieceOptions {
  /** What a word is that cannot be spelled. */
  readonly unkId: number
  /** Marks a token inside a word: `##`. */
  readonly prefix: string
  /** A longer word (in characters) is unknown. */
  readonly longest: number
}

/**
 * WordPiece (Schuster and Nakajima 2012; Devlin et al. 2018): the longest token that a word begins
 * with, then the longest that the rest begins with, and so on. A word that cannot be spelled so is
 * unknown as a whole.
 */
export class WordPiece implements Model {
  readonly #vocabulary: Vocabulary
  readonly #options: WordPieceOptions
  /** UTF-16 units of the longest token. */
  readonly #most: number

  constructor(vocabulary: Vocabulary, options: WordPieceOptions) {
    this.#vocabulary = vocabulary
    this.#options = options
    this.#most = [...vocabulary.keys()].reduce((most, token) => Math.max(most, token.length), 0)
  }

  encode(word: string, ids: number[]): void {
    const { unkId, prefix, longest } = this.#options
    const first = ids.length
    let isKnown = word.length <= longest || [...word].length <= longest
    for (let start = 0; isKnown && start < word.length; ) {
      const mark = start === 0 ? '' : prefix
      let end = Math.min(word.length, start + this.#most)
      let id: number | undefined
      while (end > start) {
        id = this.#vocabulary.get(mark + word.slice(start, end))
        if (id !== undefined) break
        end--
      }
      if (id !== undefined) ids.push(id)
      isKnown = id !== undefined
      start = end
    }
    if (isKnown) return
    ids.length = first
    ids.push(unkId)
  }
}

/** Every word is a token or unknown. */
export const wordLevel = (vocabulary: Vocabulary, unkId: number): Model => ({
  encode: (word, ids) => {
    ids.push(vocabulary.get(word) ?? unkId)
  },
})
