import { Random, type RandomState } from '../../random.ts'
import type { Candidates } from './candidates.ts'
import { type Filter, minP, temperature, topK, topP } from './filters.ts'
import {
  type Adjustment,
  frequencyPenalty,
  logitBias,
  presencePenalty,
  repetitionPenalty,
} from './penalties.ts'

export interface SamplerOptions {
  /** 0 takes the likeliest token each time. */
  temperature: number
  /** 0: no limit. */
  topK: number
  topP: number
  minP: number
  repetitionPenalty: number
  presencePenalty: number
  frequencyPenalty: number
  /** By token id. */
  logitBias: Readonly<Record<string, number>>
}

/** Neither penalties nor filters: tokens are drawn with the model's probabilities. */
export const plainSampling: SamplerOptions = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: {},
}

/** What a sampler continues from. */
export interface SamplerStart {
  seed: number | RandomState
  prompt: Iterable<number>
  candidates: Candidates
  /** How often each token was generated already. */
  generated?: Iterable<readonly [token: number, count: number]>
}

/**
 * Picks the tokens of one sequence. The order is that of Hugging Face's `generate`: bias and
 * penalties, then temperature, top-k, top-p and min-p, each applied to the result of the last.
 */
export class Sampler {
  readonly #options: SamplerOptions
  readonly #adjustments: readonly Adjustment[]
  /** Undefined: the likeliest token is picked. */
  readonly #filters: readonly Filter[] | undefined
  readonly #candidates: Candidates
  readonly #random: Random
  readonly #seen: Set<number>
  readonly #generated: Map<number, number>

  /** `candidates` may be shared by samplers that take turns. */
  constructor(options: SamplerOptions, { seed, prompt, candidates, generated = [] }: SamplerStart) {
    this.#options = options
    this.#generated = new Map(generated)
    this.#adjustments = adjustmentsOf(options)
    this.#filters = options.temperature === 0 ? undefined : filtersOf(options)
    this.#candidates = candidates
    this.#random = new Random(seed)
    this.#seen = new Set(prompt)
  }

  /** Picks the next token by its logits (V), which are changed in place. */
  next(logits: Float32Array): number {
    const history = { seen: this.#seen, generated: this.#generated }
    for (const adjust of this.#adjustments) adjust(logits, history)
    const token = this.#filters ? this.#draw(logits, this.#filters) : greedy(logits)
    this.#seen.add(token)
    this.#generated.set(token, (this.#generated.get(token) ?? 0) + 1)
    return token
  }

  /** A copy, which will pick the same tokens. */
  fork(): Sampler {
    return new Sampler(this.#options, {
      seed: this.#random.state,
      prompt: this.#seen,
      candidates: this.#candidates,
      generated: this.#generated,
    })
  }

  #draw(logits: Float32Array, filters: readonly Filter[]): number {
    this.#candidates.fill(logits)
    for (const filter of filters) filter(this.#candidates)
    return draw(this.#candidates, this.#random)
  }
}

const adjustmentsOf = (options: SamplerOptions): Adjustment[] => [
  ...(Object.keys(options.logitBias).length > 0 ? [logitBias(options.logitBias)] : []),
  ...(options.repetitionPenalty !== 1 ? [repetitionPenalty(options.repetitionPenalty)] : []),
  ...(options.presencePenalty !== 0 ? [presencePenalty(options.presencePenalty)] : []),
  ...(options.frequencyPenalty !== 0 ? [frequencyPenalty(options.frequencyPenalty)] : []),
]

const filtersOf = (options: SamplerOptions): Filter[] => [
  ...(options.temperature !== 1 ? [temperature(options.temperature)] : []),
  ...(options.topK > 0 ? [topK(options.topK)] : []),
  ...(options.topP < 1 ? [topP(options.topP)] : []),
  ...(options.minP > 0 ? [minP(options.minP)] : []),
]

/** The likeliest token; of equals the first. Throws if no logit is a number. */
export function greedy(logits: Float32Array): number {
  let best = -1
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] as number
    if (logit > highest) {
      highest = logit
      best = i
    }
  }
  if (best < 0) throw new Error('no logit is a number: the weights of this model have diverged')
  return best
}

/** Draws a candidate by its probability. Throws if a logit is not a number. */
export function draw(candidates: Candidates, random: Random): number {
  const total = candidates.weigh()
  if (!(total > 0))
    throw new Error('a logit is not a number: the weights of this model have diverged')
  const { ids, weights, count } = candidates
  let left = random.uniform() * total
  let i = 0
  while (i < count - 1 && left >= (weights[i] as number)) left -= weights[i++] as number
  return ids[i] as number
}
