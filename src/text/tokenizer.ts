/** Text to token ids and back. Every kind (byte-level BPE, characters) is saved as `tokenizer.json`. */
export interface Tokenizer {
  /** Number of ids, special tokens included: ids are 0 .. vocabSize - 1. */
  readonly vocabSize: number
  /** Special tokens by content. Text never produces them unless `encode` is told to parse them. */
  readonly specialTokens: Readonly<Record<string, number>>
  /** Beginning of a document, if the tokenizer has such a token. */
  readonly bosId: number | undefined
  /** End of a document or of an assistant's turn, if the tokenizer has such a token. */
  readonly eosId: number | undefined
  /** Ids of `text`. With `specials`, special tokens written in it become their ids (templates only). */
  encode(text: string, options?: { specials?: boolean }): number[]
  /** Text of `ids`; special tokens are left out unless `specials`. */
  decode(ids: ArrayLike<number>, options?: { specials?: boolean }): string
  /** Decodes a stream: each call returns the text that is complete, never half a character. */
  decoder(): StreamDecoder
  /** The characters of `text` that `encode` leaves out or makes unknown; absent if there are never any. */
  unknown?(text: string): string[]
  /** The `tokenizer.json` object; its stable serialisation is what is hashed and saved. */
  toJSON(): object
}

export interface StreamDecoder {
  push(id: number): string
  /** What is left at the end (an incomplete character becomes U+FFFD). */
  end(): string
}
