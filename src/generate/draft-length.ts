import type { Bits } from '../models/quantize.ts'

/** Measured cost of a draft token, verification included, as a share of a step without drafts. */
const COSTS: Readonly<Record<Bits, number>> = { 4: 0.42, 8: 0.5 }

const MOST = 8

/** Weight of earlier draft tokens, relative to the newest, in the acceptance rate. */
const MEMORY = 0.98

/** Where draft tokens do not pay, one step in so many tries one, in case they pay by now. */
const PROBE = 32

/**
 * How many draft tokens to make, by how many were accepted so far. The clock is not consulted: the
 * same text takes the same steps.
 */
export class DraftLength {
  readonly #cost: number
  /** Starts from an acceptance rate of three in four. */
  #accepted = 3
  #seen = 4
  #stepsWithout = 0

  constructor(bits: Bits) {
    this.#cost = COSTS[bits]
  }

  /** Draft tokens of the next step. */
  next(): number {
    const best = this.#best()
    this.#stepsWithout = best > 0 ? 0 : this.#stepsWithout + 1
    return best === 0 && this.#stepsWithout % PROBE === 0 ? 1 : best
  }

  /**
   * If each draft token is accepted with probability p, k of them give 1 + p + ... + p^k tokens in
   * the time of 1 + k cost; the best k gives the most tokens per time (Leviathan et al. 2023,
   * theorem 3.8).
   */
  #best(): number {
    const p = this.#accepted / this.#seen
    let [best, most, tokens] = [0, 0, 0]
    for (let k = 0; k <= MOST; k++) {
      tokens += p ** k
      const rate = tokens / (1 + k * this.#cost)
      if (rate > most) [best, most] = [k, rate]
    }
    return best
  }

  /** Call after a step with `made` draft tokens, of which the first `accepted` were kept. */
  record(made: number, accepted: number): void {
    for (let i = 0; i < Math.min(made, accepted + 1); i++) {
      this.#accepted = MEMORY * this.#accepted + (i < accepted ? 1 : 0)
      this.#seen = MEMORY * this.#seen + 1
    }
  }
}
