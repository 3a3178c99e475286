import { UserError } from '../errors.ts'
import type { PeerTokenizer } from './peer.ts'
import { peerTokenizer } from './peer.ts'
import type { SpecialTokens } from './special-tokens.ts'
import { specialTokensOf } from './special-tokens.ts'
import type { StreamDecoder, Tokenizer } from './tokenizer.ts'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts'

/**
 * Every tokenizer that is not byte-level BPE (SentencePiece, Unigram, WordPiece): read and run by
 * `@huggingface/tokenizers`, behind our interface.
 */
export class HuggingFaceTokenizer implements Tokenizer {
  readonly vocabSize: number
  readonly specialTokens: SpecialTokens['specialTokens']
  readonly bosId: number | undefined
  readonly eosId: number | undefined

  private readonly json: TokenizerJson
  private readonly peer: PeerTokenizer
  /** The same without special tokens: the peer has no way to encode text that merely looks like one. */
  private readonly textPeer: PeerTokenizer
  private readonly cleansUp: boolean

  /** Throws a UserError if `@huggingface/tokenizers` cannot read the file. */
  constructor(json: TokenizerJson, config: TokenizerConfig = {}) {
    this.json = json
    try {
      this.peer = peerTokenizer(json, config)
      this.textPeer = peerTokenizer(withoutSpecials(json), config)
    } catch (error) {
      throw new UserError(`tokenizer.json: ${(error as Error).message}`)
    }
    const { vocab } = json.model
    const ids = Array.isArray(vocab) ? [vocab.length - 1] : Object.values(vocab ?? {}).map(Number)
    const last = [...ids, ...json.added_tokens.map((token) => token.id)]
    this.vocabSize = last.reduce((most, id) => Math.max(most, id + 1), 0)
    const special = specialTokensOf(json.added_tokens, config)
    this.specialTokens = special.specialTokens
    this.bosId = special.bosId
    this.eosId = special.eosId
    this.cleansUp = config.clean_up_tokenization_spaces === true
  }

  encode(text: string, { specials = false }: { specials?: boolean } = {}): number[] {
    return (specials ? this.peer : this.textPeer).encode(text, { add_special_tokens: false }).ids
  }

  decode(ids: ArrayLike<number>, { specials = false }: { specials?: boolean } = {}): string {
    const list = Array.from(ids)
    const wrong = list.find((id) => !(id >= 0 && id < this.vocabSize))
    if (wrong !== undefined) {
      throw new RangeError(
        `token id ${wrong} is outside the vocabulary, 0 .. ${this.vocabSize - 1}`,
      )
    }
    if (ids.length === 0) return ''
    return this.peer.decode(list, {
      skip_special_tokens: !specials,
      clean_up_tokenization_spaces: this.cleansUp,
    })
  }

  /**
   * What a token adds depends on those before it (blanks, parts of characters), so the text is
   * decoded with the tokens of the last piece before it, and that piece taken off.
   */
  decoder(): StreamDecoder {
    let known: number[] = []
    let fresh: number[] = []
    const addition = (): string =>
      this.decode([...known, ...fresh]).slice(this.decode(known).length)
    return {
      push: (id) => {
        fresh.push(id)
        const text = addition()
        if (text === '' || text.endsWith('\ufffd')) return ''
        known = fresh
        fresh = []
        return text
      },
      end: () => addition(),
    }
  }

  toJSON(): TokenizerJson {
    return this.json
  }
}

/** Special tokens taken out of the added tokens, and renamed in the vocabulary to what no text holds. */
function withoutSpecials(json: TokenizerJson): TokenizerJson {
  const specials = new Set(
    json.added_tokens.filter((token) => token.special).map((token) => token.content),
  )
  const unknown = json.model.unk_token
  const hidden = (token: string): string =>
    specials.has(token) && token !== unknown ? `\ud800${token}` : token
  const { vocab } = json.model
  return {
    ...json,
    added_tokens: json.added_tokens.filter((token) => !token.special),
    model: {
      ...json.model,
      vocab: Array.isArray(vocab)
        ? vocab.map(([token, score]: [string, number]) => [hidden(token), score])
        : Object.fromEntries(Object.entries(vocab ?? {}).map(([token, id]) => [hidden(token), id])),
    },
  }
}
