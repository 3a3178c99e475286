import type { Bits } from '../models/quantize.ts'

/** What a guess costs, its reading included, as a share of a step without guesses: as measured. */
const COSTS: Readonly<Record<Bits, number>> = { 4: 0.42, 8: 0.5 }

const MOST = 8

/** Share of what was seen before that still counts after a guess. */
const MEMORY = 0.98

/** Where guesses do not pay, one is made in so many steps, to see whether they do by now. */
const PROBE = 32

/**
 * How many tokens to guess, by how often guesses were right so far. It does not look at the clock:
 * the same text has the same steps.
 */
export class GuessCount {
  readonly #cost: number
  /** Guesses at first are believed to be right in three of four cases. */
  #right = 3
  #seen = 4
  #stepsWithout = 0

  constructor(bits: Bits) {
    this.#cost = COSTS[bits]
  }

  /** For the next step. */
  next(): number {
    const best = this.#best()
    this.#stepsWithout = best > 0 ? 0 : this.#stepsWithout + 1
    return best === 0 && this.#stepsWithout % PROBE === 0 ? 1 : best
  }

  /**
   * With a probability p that a guess is right, k guesses give 1 + p + ... + p^k tokens in the time
   * of
   * 1 + k cost; the best k gives the most for the time (Leviathan et al. 2023, theorem 3.8).
   */
  #best(): number {
    const p = this.#right / this.#seen
    let [best, most, tokens] = [0, 0, 0]
    for (let k = 0; k <= MOST; k++) {
      tokens += p ** k
      const rate = tokens / (1 + k * this.#cost)
      if (rate > most) [best, most] = [k, rate]
    }
    return best
  }

  /** After a step with `made` guesses, of which the first `kept` were right. */
  record(made: number, kept: number): void {
    for (let i = 0; i < Math.min(made, kept + 1); i++) {
      this.#right = MEMORY * this.#right + (i < kept ? 1 : 0)
      this.#seen = MEMORY * this.#seen + 1
    }
  }
}
