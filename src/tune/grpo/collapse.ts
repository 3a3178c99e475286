import { momentsOf } from './advantages.ts'

/** Updates whose means are compared. */
const WINDOW = 20
/** Nats a token, below which nothing else is tried any more. */
const LEAST_ENTROPY = 1e-3
/** Share of completions that end at the limit: nearly all, where it was less than half at first. */
const AT_LIMIT = 0.95
/** Mean tokens of completions that hold an end and nothing else, where there were more at first. */
const EMPTY = 1.05

export interface CollapseOptions {
  /** KL divergence from the reference in nats a token, above which the model has left it. */
  maxKl: number
}

/** Figures of an update, as far as they show whether the policy collapses. */
export interface UpdateFigures {
  /** Mean reward of its completions, and the standard deviation. */
  reward?: number | undefined
  rewardDeviation?: number | undefined
  /** Means over completions: nats, nats, and tokens. */
  entropy?: number | undefined
  kl?: number | undefined
  completionLength?: number | undefined
  /** Share of completions that reached the limit of tokens. */
  truncated?: number | undefined
}

type Means = Record<keyof UpdateFigures, number>

/**
 * Watches a policy for signs of collapse, from which it rarely recovers. Means over the last 20
 * updates decide, so that no single batch does.
 */
export class CollapseDetector {
  readonly #options: CollapseOptions
  readonly #recent: UpdateFigures[] = []
  /** Of the first window. */
  #first: Means | undefined
  #best = Number.NEGATIVE_INFINITY
  #largestDeviation = 0

  constructor(options: CollapseOptions) {
    this.#options = options
  }

  /**
   * Takes the figures of an update; the sign of collapse that they are, in words, if any. Those of
   * validations have no reward, and are passed over.
   */
  see(figures: UpdateFigures): string | undefined {
    if (figures.reward === undefined) return undefined
    this.#recent.push(figures)
    if (this.#recent.length < WINDOW) return undefined
    if (this.#recent.length > WINDOW) this.#recent.shift()
    const now = this.#means()
    this.#first ??= now
    this.#best = Math.max(this.#best, now.reward)
    this.#largestDeviation = Math.max(this.#largestDeviation, now.rewardDeviation)
    return this.#sign(now, this.#first)
  }

  #sign(now: Means, first: Means): string | undefined {
    const { maxKl } = this.#options
    if (now.kl > maxKl)
      return (
        `the KL divergence from the reference is ${now.kl.toFixed(2)} nats a token, above ` +
        `--max-kl ${maxKl}: the model has left what it was`
      )
    if (this.#best - now.reward > this.#largestDeviation && this.#largestDeviation > 0)
      return `the mean reward fell from ${this.#best.toFixed(3)} to ${now.reward.toFixed(3)}`
    if (now.completionLength < EMPTY && first.completionLength >= 2 * EMPTY)
      return 'completions are empty: the model ends them at once'
    if (now.truncated > AT_LIMIT && first.truncated < 0.5)
      return 'nearly all completions reach --max-tokens: the model no longer ends its answers'
    // One that solves everything always writes the same text, too.
    const hasFallen = this.#best - now.reward > this.#largestDeviation / 4
    if (now.entropy < LEAST_ENTROPY && hasFallen)
      return (
        `the entropy is ${now.entropy.toExponential(1)} nats a token: the model always writes ` +
        'the same text, and no longer explores'
      )
    return undefined
  }

  /** What was not measured counts as what shows no sign. */
  #means(): Means {
    const mean = (name: keyof UpdateFigures, missing: number) =>
      momentsOf(this.#recent.map((figures) => figures[name] ?? missing)).mean
    return {
      reward: mean('reward', 0),
      rewardDeviation: mean('rewardDeviation', 0),
      entropy: mean('entropy', 1),
      kl: mean('kl', 0),
      completionLength: mean('completionLength', 1),
      truncated: mean('truncated', 0),
    }
  }
}
