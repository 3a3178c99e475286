import { UserError } from '../../errors.ts'
import { AddedTokens } from '../added-tokens.ts'
import { tokenPattern } from '../cut.ts'
import { BaseTokenizer, type StreamDecoder, type Tokenizer } from '../tokenizer.ts'
import type { TokenizerConfig, TokenizerJson } from '../tokenizer-json.ts'
import { cleanedUp, cleanUp, type Decoder, readDecoder } from './decoders.ts'
import { type Model, readSentencePieceFields } from './model.ts'
import { readModel } from './models.ts'
import { readNormalizer } from './normalizers.ts'
import { type PreTokenizer, readPreTokenizer } from './pre-tokenizers.ts'

/** Words whose ids are kept; a longer word is not likely to come again. */
const CACHED_WORDS = 10_000
const CACHED_LENGTH = 32

/**
 * Every tokenizer that is not byte-level BPE (WordPiece, Unigram, SentencePiece's BPE), as a
 * tokenizer.json describes it: a normalizer, a pre-tokenizer that cuts text into words, a model
 * that makes tokens of a word, and a decoder. What each step does is what Hugging Face's Rust
 * library does.
 */
export class PipelineTokenizer extends BaseTokenizer implements Tokenizer {
  readonly vocabSize: number
  readonly #json: TokenizerJson
  readonly #added: AddedTokens
  readonly #preTokenize: PreTokenizer
  readonly #model: Model
  readonly #decodeTokens: Decoder
  readonly #tokens: readonly (string | undefined)[]
  readonly #specialIds: ReadonlySet<number>
  readonly #cache = new Map<string, number[]>()
  /** Precedes a word inside a text: a blank, unless the tokenizer marks every word itself. */
  readonly #gap: '' | ' '
  readonly #cleansUp: boolean

  /** Throws a UserError that names what is wrong in the file or not supported. */
  constructor(json: TokenizerJson, config: TokenizerConfig = {}) {
    super(json, config)
    this.#json = json
    const { model, tokens } = readModel(json)
    this.#model = model
    const all = [...tokens]
    for (const { id, content } of json.added_tokens) all[id] = content
    this.#tokens = all
    this.vocabSize = all.length
    const symbols = new Set(readSentencePieceFields(json.model)?.user_defined_symbols)
    const added = json.added_tokens.filter(({ content }) => !symbols.has(content))
    this.#added = new AddedTokens(
      added,
      readNormalizer(json.normalizer, tokenPattern([...symbols])),
    )
    this.#preTokenize = readPreTokenizer(json.pre_tokenizer)
    this.#decodeTokens = readDecoder(json.decoder)
    this.#specialIds = new Set(Object.values(this.specialTokens))
    this.#gap = this.#words('a').join() === 'a' && this.#words(' a').join() !== 'a' ? ' ' : ''
    this.#cleansUp = config.clean_up_tokenization_spaces === true
  }

  encode(text: string, { specials = false }: { specials?: boolean } = {}): number[] {
    const ids: number[] = []
    for (const part of this.#added.split(text, specials)) {
      if (part.id !== undefined) ids.push(part.id)
      else for (const word of this.#preTokenize(part.text, part.isStart)) this.#append(word, ids)
    }
    return ids
  }

  encodeWord(word: string): number[] {
    return this.encode(this.#gap + word)
  }

  #append(word: string, ids: number[]): void {
    let known = this.#cache.get(word)
    if (!known) {
      known = []
      this.#model.encode(word, known)
      if (this.#cache.size >= CACHED_WORDS) this.#cache.clear()
      if (word.length <= CACHED_LENGTH) this.#cache.set(word, known)
    }
    for (const id of known) ids.push(id)
  }

  #words(text: string): string[] {
    return [...this.#added.split(text, false)].flatMap((part) =>
      this.#preTokenize(part.text ?? '', true),
    )
  }

  decode(ids: ArrayLike<number>, { specials = false }: { specials?: boolean } = {}): string {
    const text = this.#decodePlainly(ids, specials)
    return this.#cleansUp ? cleanUp(text) : text
  }

  #decodePlainly(ids: ArrayLike<number>, specials: boolean): string {
    const tokens: string[] = []
    for (const id of Array.from(ids)) {
      if (!(id >= 0 && id < this.vocabSize)) {
        throw new RangeError(`token id ${id} is outside the vocabulary, 0 .. ${this.vocabSize - 1}`)
      }
      const token = this.#tokens[id]
      if (token !== undefined && (specials || !this.#specialIds.has(id))) tokens.push(token)
    }
    return this.#decodeTokens(tokens)
  }

  /**
   * What a token adds depends on those before it (blanks, parts of characters), so the text is
   * decoded with the tokens of the last piece before it, and that piece taken off.
   */
  decoder(before: ArrayLike<number> = []): StreamDecoder {
    let known = this.#withText(Array.from(before))
    let fresh: number[] = []
    const textOf = (ids: readonly number[]): string => this.#decodePlainly(ids, false)
    const addition = (): string => textOf([...known, ...fresh]).slice(textOf(known).length)
    const decoder: StreamDecoder = {
      push: (id: number) => {
        fresh.push(id)
        const text = addition()
        if (text === '' || text.endsWith('\ufffd')) return ''
        known = fresh
        fresh = []
        return text
      },
      peek: (id) => {
        if (this.#specialIds.has(id)) return this.#decodePlainly([id], true)
        const held = textOf([...known, ...fresh])
        const text = textOf([...known, ...fresh, id])
        // What is held is half a character, which `id` may complete.
        const from = text.startsWith(held) ? held.length : textOf(known).length
        return text.slice(from) || textOf([id])
      },
      end: addition,
    }
    return this.#cleansUp ? cleanedUp(decoder) : decoder
  }

  /** The last tokens of `ids` that have a text: what follows looks as it does after all. */
  #withText(ids: readonly number[]): number[] {
    for (let count = 8; count < ids.length; count *= 2) {
      const last = ids.slice(-count)
      if (this.#decodePlainly(last, false) !== '') return last
    }
    return [...ids]
  }

  unknown(text: string): string[] {
    return [...new Set(text)].filter((character) => {
      try {
        return this.unkId !== undefined && this.encode(character).includes(this.unkId)
      } catch (error) {
        if (error instanceof UserError) return true
        throw error
      }
    })
  }

  toJSON(): TokenizerJson {
    return this.#json
  }
}
