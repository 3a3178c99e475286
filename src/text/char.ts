import { UserError } from '../errors.ts'
import { splitAt, tokenPattern } from './cut.ts'
import {
  END_OF_TEXT,
  type ModelKind,
  postProcessorFor,
  specialTokensFor,
  withSpecialTokens,
} from './special-tokens.ts'
import {
  BaseTokenizer,
  describeCharacter,
  type StreamDecoder,
  type Tokenizer,
} from './tokenizer.ts'
import {
  addedToken,
  bpeModel,
  isObject,
  readBpeModel,
  type TokenizerConfig,
  type TokenizerJson,
  tokenizerJson,
} from './tokenizer-json.ts'

/** The special token that unknown characters become, where it is asked for. */
const UNKNOWN = '<unk>'

/** Every character (code point) is a token; half a surrogate pair counts as U+FFFD. */
export class CharTokenizer extends BaseTokenizer implements Tokenizer {
  readonly vocabSize: number
  readonly #json: TokenizerJson
  /** Token by id. */
  readonly #tokens: readonly string[]
  /** Id by code point, -1 where there is none. */
  readonly #ids: Int32Array
  readonly #specialIds: ReadonlySet<number>
  readonly #pattern: RegExp | undefined

  /** Whether a tokenizer.json has this form: BPE over whole texts, without merges. */
  static reads({
    model,
    normalizer,
    pre_tokenizer,
    decoder,
    added_tokens,
  }: TokenizerJson): boolean {
    const specials = new Set(added_tokens.map(({ content }) => content))
    return (
      model.type === 'BPE' &&
      Array.isArray(model.merges) &&
      model.merges.length === 0 &&
      isObject(model.vocab) &&
      Object.keys(model.vocab).every((token) => isCharacter(token) || specials.has(token)) &&
      !model.byte_fallback &&
      normalizer === null &&
      pre_tokenizer === null &&
      isObject(decoder) &&
      decoder.type === 'Fuse' &&
      added_tokens.every(
        ({ special, lstrip, rstrip, single_word }) => special && !lstrip && !rstrip && !single_word,
      )
    )
  }

  constructor(json: TokenizerJson, config: TokenizerConfig = {}) {
    super(json, config)
    const { specialTokens } = this
    this.#specialIds = new Set(Object.values(specialTokens))
    this.#pattern = tokenPattern(Object.keys(specialTokens))
    this.#json = json
    const entries = Object.entries({ ...readBpeModel(json.model).vocab, ...specialTokens })
    const tokens: string[] = []
    for (const [token, id] of entries) tokens[id] = token
    this.#tokens = tokens
    this.vocabSize = tokens.length
    const points = entries.flatMap(([token, id]) =>
      this.#specialIds.has(id) ? [] : [[token.codePointAt(0) as number, id] as const],
    )
    const most = points.reduce((last, [point]) => Math.max(last, point), 0)
    this.#ids = new Int32Array(most + 1).fill(-1)
    for (const [point, id] of points) this.#ids[point] = id
  }

  /**
   * Throws a UserError for a character that the vocabulary lacks, unless it has `<unk>` for them: a
   * silent gap would make the model answer another question.
   */
  encode(text: string, { specials = false }: { specials?: boolean } = {}): number[] {
    const ids: number[] = []
    let start = 0
    for (const part of splitAt(text, specials ? this.#pattern : undefined)) {
      if (part.isToken) ids.push(this.specialTokens[part.text] as number)
      else {
        eachPoint(part.text, (point, index) => {
          const id = this.#idOf(point)
          ids.push(id >= 0 ? id : this.#unknownId(text, start + index, point))
        })
      }
      start += part.text.length
    }
    return ids
  }

  /** A blank precedes the word if the vocabulary has blanks. */
  encodeWord(word: string): number[] {
    return this.encode(this.#idOf(0x20) < 0 ? word : ` ${word}`)
  }

  decode(ids: ArrayLike<number>, { specials = false }: { specials?: boolean } = {}): string {
    let text = ''
    for (let i = 0; i < ids.length; i++) text += this.#textOf(ids[i] as number, specials)
    return text
  }

  /** A token is a whole character here, so nothing is ever held back. */
  decoder(): StreamDecoder {
    return { push: (id) => this.#textOf(id, false), end: () => '' }
  }

  unknown(text: string): string[] {
    const points = new Set<number>()
    eachPoint(text, (point) => {
      if (this.#idOf(point) < 0) points.add(point)
    })
    return Array.from(points, (point) => String.fromCodePoint(point))
  }

  toJSON(): TokenizerJson {
    return this.#json
  }

  #idOf(point: number): number {
    return this.#ids[point] ?? -1
  }

  #unknownId(text: string, index: number, point: number): number {
    const id = this.specialTokens[UNKNOWN]
    if (id !== undefined) return id
    const character = describeCharacter(String.fromCodePoint(point))
    const number = [...text.slice(0, index)].length + 1
    const known = this.#tokens.filter((_, known) => !this.#specialIds.has(known))
    const first = known.length > 128 ? 'beginning with' : 'which are'
    throw new UserError(
      `character ${number} of the text, ${character}, is unknown to the model; leave it out, or ` +
        `use some of the ${known.length} characters that it ` +
        `learned, ${first} ${JSON.stringify(known.slice(0, 128).join(''))}`,
    )
  }

  #textOf(id: number, specials: boolean): string {
    const token = this.#tokens[id]
    if (token === undefined) {
      throw new RangeError(`token id ${id} is outside the vocabulary, 0 .. ${this.vocabSize - 1}`)
    }
    return specials || !this.#specialIds.has(id) ? token : ''
  }
}

export interface CharOptions {
  /** What model it is for. Default: `decoder`. */
  kind?: ModelKind
  /** Default: what ends a document for a decoder, else `specialTokensFor(kind)`. */
  specialTokens?: readonly string[]
}

/**
 * The tokenizer of the characters in `texts`, sorted by code point, with the special tokens after
 * them.
 * Where `<unk>` is one of these, unknown characters become it. Throws UserError for empty texts.
 */
export async function trainCharTokenizer(
  texts: Iterable<string> | AsyncIterable<string>,
  {
    kind = 'decoder',
    specialTokens = kind === 'decoder' ? [END_OF_TEXT] : specialTokensFor(kind),
  }: CharOptions = {},
): Promise<CharTokenizer> {
  const points = new Set<number>()
  for await (const text of texts) {
    eachPoint(text, (point) => {
      points.add(point)
    })
  }
  if (points.size === 0) throw new UserError('there is no text to take the characters from')
  const characters = [...points].sort((a, b) => a - b).map((point) => String.fromCodePoint(point))
  const json = characterJson(characters, specialTokens.includes(UNKNOWN))
  const whole = withSpecialTokens(json, specialTokens)
  const ids = Object.fromEntries(whole.added_tokens.map(({ content, id }) => [content, id]))
  return new CharTokenizer({ ...whole, post_processor: postProcessorFor(kind, ids) })
}

/**
 * The tokenizer.json of characters. `<unk>` stands in the model's vocabulary too: Hugging Face's
 * own library looks for it there.
 */
export const characterJson = (characters: readonly string[], hasUnknown: boolean) =>
  tokenizerJson({
    added_tokens: hasUnknown ? [addedToken(characters.length, UNKNOWN, { special: true })] : [],
    decoder: { type: 'Fuse' },
    model: bpeModel({
      unk_token: hasUnknown ? UNKNOWN : null,
      vocab: Object.fromEntries(
        [...characters, ...(hasUnknown ? [UNKNOWN] : [])].map((token, id) => [token, id]),
      ),
      merges: [],
    }),
  })

const isCharacter = (token: string): boolean => [...token].length === 1

/** Visits the code points of `text` with their indices in UTF-16 units. */
function eachPoint(text: string, visit: (point: number, index: number) => void): void {
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number
    visit((point & 0xfffff800) === 0xd800 ? 0xfffd : point, i)
    if (point > 0xffff) i++
  }
}
