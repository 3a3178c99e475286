import type { StreamDecoder, Tokenizer } from '../text/tokenizer.ts'
import type { Candidates } from './sampling/candidates.ts'
import { logProbabilities } from './sampling/log-probabilities.ts'
import { Sampler, type SamplerOptions } from './sampling/sampler.ts'
import { StopStrings } from './stop-strings.ts'

/** `stop`: a stop string or token; `length`: the limit; `abort`: the caller's signal. */
export type FinishReason = 'stop' | 'length' | 'abort'

export interface TokenChoice {
  token: number
  text: string
  /** Natural logarithm of the model's probability. */
  logprob: number
}

/** What one step adds to a text. */
export interface Piece {
  token: number
  /** Text that is now complete: possibly none, possibly that of several tokens. */
  text: string
  /** Only if log-probabilities are requested. */
  logprob?: number
  /** The likeliest tokens, the likeliest first. */
  top?: TokenChoice[]
}

export interface SequenceOptions {
  tokenizer: Tokenizer
  prompt: readonly number[]
  /** Tokens of the texts that an encoder reads for it. */
  sources?: readonly (readonly number[])[]
  /** Tokens to generate, at most. */
  maxTokens: number
  sampling: SamplerOptions
  seed: number
  stop: readonly string[]
  stopIds: ReadonlySet<number>
  /** Reports log-probabilities of this many likeliest tokens, and of the chosen one. */
  logprobs?: number
  candidates: Candidates
}

/** One text being generated: from logits to tokens to pieces of text, until it ends. */
export class Sequence {
  /** The prompt's tokens, then the generated ones; the last may be a stop token. */
  readonly tokens: number[]
  readonly pieces: Piece[] = []
  finishReason: FinishReason | undefined
  /** Decoding time, without the prompt. */
  milliseconds = 0
  readonly #options: SequenceOptions
  readonly #sampler: Sampler
  readonly #decoder: StreamDecoder
  readonly #stops: StopStrings

  constructor(options: SequenceOptions) {
    this.#options = options
    this.tokens = [...options.prompt]
    this.#sampler = new Sampler(options.sampling, options)
    this.#decoder = options.tokenizer.decoder(options.prompt)
    this.#stops = new StopStrings(options.stop)
  }

  get seed(): number {
    return this.#options.seed
  }

  get sources(): readonly (readonly number[])[] {
    return this.#options.sources ?? []
  }

  get generated(): number[] {
    return this.tokens.slice(this.#options.prompt.length)
  }

  /** Tokens that it can have, at most. */
  get longest(): number {
    return this.#options.prompt.length + this.#options.maxTokens
  }

  /** A function that picks the next tokens as this sequence will, without changing it. */
  fork(): (logits: Float32Array) => number {
    const sampler = this.#sampler.fork()
    return (logits) => sampler.next(this.#known(logits))
  }

  /** Picks the next token by `logits` (V), which are changed in place. */
  accept(logits: Float32Array): Piece {
    const { logprobs, stopIds } = this.#options
    const known = this.#known(logits)
    const given = logprobs === undefined ? undefined : logProbabilities(known.slice())
    const token = this.#sampler.next(known)
    this.tokens.push(token)
    const top = given
      ?.top(logprobs ?? 0)
      .map((choice) => ({ ...choice, text: this.#peek(choice.token) }))
    const piece: Piece = { token, text: this.#text(token, stopIds.has(token)) }
    if (given) {
      piece.logprob = given.of(token)
      piece.top = top
    }
    this.pieces.push(piece)
    return piece
  }

  /** The text of a token at this position. */
  #peek(token: number): string {
    const { tokenizer } = this.#options
    return this.#decoder.peek?.(token) ?? tokenizer.decode([token], { specials: true })
  }

  /** Leaves out rows of a padded vocabulary, which the tokenizer does not have. */
  #known(logits: Float32Array): Float32Array {
    return logits.subarray(0, this.#options.tokenizer.vocabSize)
  }

  /** The text that `token` completes; sets `finishReason` if the sequence ends. */
  #text(token: number, isStop: boolean): string {
    const text = isStop ? '' : this.#stops.push(this.#decoder.push(token))
    if (isStop || this.#stops.stopped) this.finishReason = 'stop'
    else if (this.tokens.length >= this.longest) this.finishReason = 'length'
    else return text
    if (this.#stops.stopped) return text
    const rest = this.#stops.push(this.#decoder.end())
    return text + rest + this.#stops.end()
  }
}
