/** A complete text found by beam search. */
export interface Hypothesis {
  /** The prompt's tokens, then the generated ones; the last may be a stop token. */
  tokens: readonly number[]
  /** Sum of the log-probabilities of the generated tokens. */
  logprob: number
  /** By which texts are ranked. */
  score: number
}

/** The best complete texts. */
export class Hypotheses {
  readonly #count: number
  readonly #lengthPenalty: number
  readonly #earlyStopping: boolean
  #found: Hypothesis[] = []

  constructor(options: { beams: number; lengthPenalty: number; earlyStopping: boolean }) {
    this.#count = options.beams
    this.#lengthPenalty = options.lengthPenalty
    this.#earlyStopping = options.earlyStopping
  }

  get isFull(): boolean {
    return this.#found.length >= this.#count
  }

  /** Keeps a text of `length` generated tokens if it is among the best. */
  add({ tokens, logprob }: { tokens: readonly number[]; logprob: number }, length: number): void {
    this.#found.push({ tokens, logprob, score: this.#score(logprob, length) })
    this.#found.sort((a, b) => b.score - a.score)
    this.#found.length = Math.min(this.#found.length, this.#count)
  }

  /** Whether the likeliest open text, of `length` tokens, could not rank if it ended here. */
  isComplete(likeliest: number, length: number): boolean {
    if (!this.isFull) return false
    const worst = this.#found.at(-1)?.score ?? Number.NEGATIVE_INFINITY
    return this.#earlyStopping || worst >= this.#score(likeliest, length)
  }

  /** The best first. */
  best(): Hypothesis[] {
    return this.#found
  }

  #score(logprob: number, length: number): number {
    return logprob / length ** this.#lengthPenalty
  }
}
