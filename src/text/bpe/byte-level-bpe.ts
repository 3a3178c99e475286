import { UserError } from '../../errors.ts'
import { AddedTokens } from '../added-tokens.ts'
import {
  BaseTokenizer,
  describeCharacter,
  type StreamDecoder,
  type Tokenizer,
} from '../tokenizer.ts'
import { readBpeModel, type TokenizerConfig, type TokenizerJson } from '../tokenizer-json.ts'
import { Characters } from './characters.ts'
import { WholeWords, WordEncoder } from './encoder.ts'
import type { Splitter } from './splitter.ts'
import { readVocabulary, type Vocabulary } from './vocabulary.ts'

/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): every text has an
 * encoding, and decode(encode(text)) is the text, except that lone surrogates become U+FFFD. Where
 * the vocabulary lacks a byte, as StarCoder's and Falcon's do, it is the unknown token.
 */
export class ByteLevelBpe extends BaseTokenizer implements Tokenizer {
  readonly vocabSize: number

  readonly #json: TokenizerJson
  readonly #vocabulary: Vocabulary
  readonly #encoder: WordEncoder
  readonly #splitter: Splitter
  readonly #added: AddedTokens
  readonly #specialIds: ReadonlySet<number>

  /**
   * `json` as read from a byte-level `tokenizer.json`, `splitter` as its pre_tokenizer says,
   * `config` from `tokenizer_config.json`. Throws a UserError if vocabulary and merges do not fit
   * together.
   */
  constructor(json: TokenizerJson, splitter: Splitter, config: TokenizerConfig = {}) {
    super(json, config)
    const model = readBpeModel(json.model)
    this.#vocabulary = readVocabulary(model, json.added_tokens)
    this.vocabSize = this.#vocabulary.size
    this.#json = { ...json, model: { ...model, vocab: {}, merges: [] } }
    this.#splitter = splitter
    this.#added = new AddedTokens(
      json.added_tokens,
      json.normalizer === null ? undefined : (text) => text.normalize('NFC'),
    )
    this.#specialIds = new Set(Object.values(this.specialTokens))

    const { merges, idOfByte, bytesOf, tokens } = this.#vocabulary
    const whole = model.ignore_merges === true ? new WholeWords() : undefined
    tokens.forEach((_, id) => {
      whole?.add(bytesOf(id), id)
    })
    this.#encoder = new WordEncoder(merges, new Characters(merges, idOfByte, bytesOf), whole)
  }

  /** Throws a UserError for a byte without a token, if there is no token for what is unknown. */
  encode(text: string, { specials = false }: { specials?: boolean } = {}): number[] {
    const encoder = this.#encoder
    encoder.count = 0
    for (const { id, text: part } of this.#added.split(text, specials)) {
      if (id !== undefined) encoder.push(id)
      else {
        this.#splitter.each(part!, (bytes, ends, count) => encoder.append(bytes, ends, count))
      }
    }
    // Filling an array of known length takes a quarter of the time of pushing.
    const ids = new Array<number>(encoder.count)
    for (let i = 0; i < ids.length; i++) ids[i] = encoder.ids[i]!
    if (this.#vocabulary.missing.size > 0 && ids.includes(-1)) throw this.#unspelled(text)
    return ids
  }

  /** None but where the vocabulary lacks bytes. */
  unknown(text: string): string[] {
    const { missing } = this.#vocabulary
    if (missing.size === 0) return []
    const lacks = (character: string) =>
      utf8Encoder.encode(character).some((byte) => missing.has(byte))
    return [...new Set(text)].filter(lacks)
  }

  #unspelled(text: string): UserError {
    const [character = ''] = this.unknown(text)
    return new UserError(
      `the tokenizer lacks a byte of ${describeCharacter(character)}, and has no token for what ` +
        'is unknown; leave the character out, or use another tokenizer',
    )
  }

  encodeWord(word: string): number[] {
    return this.encode(` ${word}`)
  }

  decode(ids: ArrayLike<number>, { specials = false }: { specials?: boolean } = {}): string {
    const parts: Uint8Array[] = []
    let length = 0
    for (let i = 0; i < ids.length; i++) {
      const part = this.#bytesOf(ids[i]!, specials)
      parts.push(part)
      length += part.length
    }
    const bytes = new Uint8Array(length)
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    return utf8Decoder().decode(bytes)
  }

  /** A token is the same bytes wherever it stands, so what comes before does not matter. */
  decoder(): StreamDecoder {
    const decoder = utf8Decoder()
    return {
      push: (id) => decoder.decode(this.#bytesOf(id, false), { stream: true }),
      end: () => decoder.decode(),
    }
  }

  #bytesOf(id: number, specials: boolean): Uint8Array {
    if (!(id >= 0 && id < this.vocabSize)) {
      throw new RangeError(`token id ${id} is outside the vocabulary, 0 .. ${this.vocabSize - 1}`)
    }
    return !specials && this.#specialIds.has(id) ? nothing : this.#vocabulary.bytesOf(id)
  }

  toJSON(): TokenizerJson {
    const { tokens, merges } = this.#vocabulary
    const pairs: string[] = []
    for (let rank = 0; rank < merges.size; rank++) {
      pairs.push(`${tokens[merges.pairs[3 * rank]!]} ${tokens[merges.pairs[3 * rank + 1]!]}`)
    }
    const vocab = Object.fromEntries(
      tokens.flatMap((token, id) => (token === undefined ? [] : [[token, id]])),
    )
    return { ...this.#json, model: { ...this.#json.model, vocab, merges: pairs } }
  }
}

const nothing = new Uint8Array(0)
const utf8Encoder = new TextEncoder()

/** A byte order mark is text like any other. */
const utf8Decoder = (): TextDecoder => new TextDecoder('utf-8', { ignoreBOM: true })
