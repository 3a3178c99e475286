/** Turns words into tokens. */
export interface Model {
  /** Appends the ids of one word, as the pre-tokenizer gives it. */
  encode(word: string, ids: number[]): void
}

/** What a model may make of a text: ids by token, without the special tokens. */
export type Vocabulary = ReadonlyMap<string, number>

/**
 * Ids of the 256 tokens `<0x00>` .. `<0xFF>`, which spell what has no token; undefined if one
 * lacks.
 */
export function byteTokens(idOf: (token: string) => number | undefined): number[] | undefined {
  const ids: number[] = []
  for (let byte = 0; byte < 256; byte++) {
    const id = idOf(byteToken(byte))
    if (id === undefined) return undefined
    ids.push(id)
  }
  return ids
}

/** SentencePiece's name of a byte. */
export const byteToken = (byte: number): string =>
  `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
