import { type InputTemplate, readInputTemplate } from './input-template.ts'
import { rolesOf } from './token-roles.ts'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts'

/** Text to token ids and back. Every kind is saved as `tokenizer.json`. */
export interface Tokenizer {
  /** Number of ids, special tokens included: ids are 0 .. vocabSize - 1. */
  readonly vocabSize: number
  /** Special tokens by content. Text never produces them unless `encode` is asked to parse them. */
  readonly specialTokens: Readonly<Record<string, number>>
  /** Beginning of a document, if the tokenizer has such a token. */
  readonly bosId: number | undefined
  /** End of a document or of an assistant's turn, if the tokenizer has such a token. */
  readonly eosId: number | undefined
  /** Fills up the shorter rows of a batch. */
  readonly padId?: number | undefined
  /** Stands for what the vocabulary cannot spell. */
  readonly unkId?: number | undefined
  /** Masks a token that the model is to predict. */
  readonly maskId?: number | undefined
  /** Begins an encoder's input; what is read there stands for all of it. */
  readonly clsId?: number | undefined
  /** Ends each text in an encoder's input. */
  readonly sepId?: number | undefined
  /** What the model expects around texts, see `encodeInput`; nothing if absent. */
  readonly inputTemplate?: InputTemplate
  /** What `tokenizer_config.json` said when it was read. */
  readonly config?: TokenizerConfig
  /** Ids of `text`; with `specials`, special tokens in it become their ids (for templates only). */
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
  /** Characters of `text` that `encode` drops or makes unknown; absent if that never happens. */
  unknown?(text: string): string[]
  /** The `tokenizer.json` object; its stable serialisation is what is hashed and saved. */
  toJSON(): object
}

/** The token between documents: it begins each, or ends the one before; undefined if neither. */
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

/** The text that `ids` add to that of `before`: blanks where two tokens meet belong to it. */
export function decodeAfter(
  tokenizer: Tokenizer,
  before: ArrayLike<number>,
  ids: readonly number[],
): string {
  const decoder = tokenizer.decoder(before)
  return ids.map((id) => decoder.push(id)).join('') + decoder.end()
}

/** A character as messages name it: `"é" (U+00E9)`. */
export function describeCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0
  return `${JSON.stringify(character)} (U+${point.toString(16).toUpperCase().padStart(4, '0')})`
}

/** What every tokenizer reads from its files: special tokens, and where models expect them. */
export abstract class BaseTokenizer {
  readonly specialTokens: Readonly<Record<string, number>>
  // Assigned by role.
  declare readonly bosId: number | undefined
  declare readonly eosId: number | undefined
  declare readonly padId: number | undefined
  declare readonly unkId: number | undefined
  declare readonly maskId: number | undefined
  declare readonly clsId: number | undefined
  declare readonly sepId: number | undefined
  readonly inputTemplate: InputTemplate
  readonly config: TokenizerConfig

  /** Throws a UserError if the files do not fit together. */
  constructor(json: TokenizerJson, config: TokenizerConfig) {
    const special = json.added_tokens.filter((token) => token.special)
    this.specialTokens = Object.fromEntries(special.map(({ content, id }) => [content, id]))
    this.config = config
    const roles = rolesOf(json, config)
    Object.assign(this, roles)
    this.inputTemplate = readInputTemplate(json, roles, config)
  }
}
