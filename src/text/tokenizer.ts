import type { InputTemplate } from './input-template.ts'
import type { TokenizerConfig } from './tokenizer-json.ts'

/** Text to token ids and back. Every kind is saved as `tokenizer.json`. */
export interface Tokenizer {
  /** Number of ids, special tokens included: ids are 0 .. vocabSize - 1. */
  readonly vocabSize: number
  /** Special tokens by content. Text never produces them unless `encode` is told to parse them. */
  readonly specialTokens: Readonly<Record<string, number>>
  /** Beginning of a document, if the tokenizer has such a token. */
  readonly bosId: number | undefined
  /** End of a document or of an assistant's turn, if the tokenizer has such a token. */
  readonly eosId: number | undefined
  /** Fills up the shorter rows of a batch. */
  readonly padId?: number | undefined
  /** Stands for what the vocabulary cannot spell. */
  readonly unkId?: number | undefined
  /** Stands for a token that the model is to guess. */
  readonly maskId?: number | undefined
  /** Begins an encoder's input; what is read there stands for all of it. */
  readonly clsId?: number | undefined
  /** Ends each text in an encoder's input. */
  readonly sepId?: number | undefined
  /** What the model expects around texts, see `encodeInput`; nothing if absent. */
  readonly inputTemplate?: InputTemplate
  /** What `tokenizer_config.json` said when it was read. */
  readonly config?: TokenizerConfig
  /**
   * Ids of `text`. With `specials`, special tokens written in it become their ids (templates only).
   */
  encode(text: string, options?: { specials?: boolean }): number[]
  /** Ids of a word as it stands inside a text, where a blank precedes it; `encode` if absent. */
  encodeWord?(word: string): number[]
  /** Text of `ids`; special tokens are left out unless `specials`. */
  decode(ids: ArrayLike<number>, options?: { specials?: boolean }): string
  /**
   * Decodes a stream that continues `before`: what it returns, joined, is the text of both without
   * that of `before`. Each call returns the text that is complete, never half a character.
   */
  decoder(before?: ArrayLike<number>): StreamDecoder
  /**
   * The characters of `text` that `encode` leaves out or makes unknown; absent if there are never
   * any.
   */
  unknown?(text: string): string[]
  /** The `tokenizer.json` object; its stable serialisation is what is hashed and saved. */
  toJSON(): object
}

/**
 * What parts documents: the token that begins each, or that ends the one before; undefined if there
 * is neither.
 */
export const documentStart = ({ bosId, eosId }: Pick<Tokenizer, 'bosId' | 'eosId'>) =>
  bosId ?? eosId

export interface StreamDecoder {
  push(id: number): string
  /**
   * What `id` looks like as the next token, special tokens too; it is not taken. Absent where a
   * token looks the same everywhere.
   */
  peek?(id: number): string
  /** What is left at the end (an incomplete character becomes U+FFFD). */
  end(): string
}
