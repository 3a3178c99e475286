import { UserError } from '../../errors.ts'
import { isObject, type TokenizerModel } from '../tokenizer-json.ts'
/** Turns words into tokens. */
export interface Model {
  /** Appends the ids of one word, as the pre-tokenizer gives it. */
  encode(word: string, ids: number[]): void
}

/** What a model may make of a text: ids by token, without the special tokens. */
export type Vocabulary = ReadonlyMap<string, number>

/** Ids of `<0x00>` .. `<0xFF>`, which spell what has no token; undefined if one is missing. */
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

/**
 * What a tokenizer.json that comes from a SentencePiece model says in a field of its own,
 * `model.sentencepiece`, for ids that are SentencePiece's in every case. Other libraries pass it
 * over.
 */
export interface SentencePieceFields {
  /**
   * Pieces that are taken wherever a text spells them, and are never normalized or merged with what
   * is next to them. To other libraries they are added tokens, which text is cut at first.
   */
  readonly user_defined_symbols: readonly string[]
  /** Pieces that text never makes. */
  readonly unused: readonly string[]
  /** By id, where several are equal: of pairs that merge to equals the leftmost is next. */
  readonly scores?: readonly number[]
}

/** Undefined if the tokenizer is not SentencePiece's. Throws UserError for a damaged field. */
export function readSentencePieceFields(model: TokenizerModel): SentencePieceFields | undefined {
  const { sentencepiece: fields } = model
  if (fields === undefined) return undefined
  const { user_defined_symbols: symbols, unused, scores } = isObject(fields) ? fields : {}
  const isFine =
    isList(symbols, 'string') && isList(unused, 'string') && (!scores || isList(scores, 'number'))
  if (isFine) return fields as unknown as SentencePieceFields
  throw new UserError('tokenizer.json: model.sentencepiece is damaged; get the file again')
}

const isList = (value: unknown, type: 'string' | 'number'): boolean =>
  Array.isArray(value) && value.every((member) => typeof member === type && member !== '')
