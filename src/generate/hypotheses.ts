/** A text that beam search found. */
export interface Hypothesis {
  /** Those of the prompt, then those generated; the last may be one that ends a text. */
  tokens: readonly number[]
  /** Sum of the log-probabilities of what was generated. */
  logprob: number
  /** By which texts are compared. */
  score: number
}

/** The best texts that have ended. */
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

  /**
   * True where the likeliest, of `length` tokens so far, would not be among the best if it ended
   * here.
   */
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
