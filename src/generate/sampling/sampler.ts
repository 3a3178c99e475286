import { Random, type RandomState } from '../../random.ts'
import type { Adjustment } from './adjustment.ts'
import type { Candidates, Filter } from './candidates.ts'
import { draw } from './draw.ts'
import { frequencyPenalty } from './frequency-penalty.ts'
import { greedy } from './greedy.ts'
import { logitBias } from './logit-bias.ts'
import { minP } from './min-p.ts'
import { presencePenalty } from './presence-penalty.ts'
import { repetitionPenalty } from './repetition-penalty.ts'
import { temperature } from './temperature.ts'
import { topK } from './top-k.ts'
import { topP } from './top-p.ts'

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

/** Neither adjusts nor leaves out anything. */
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

/** Where the picking starts. */
export interface SamplerStart {
  seed: number | RandomState
  prompt: Iterable<number>
  candidates: Candidates
  /** How often each token was generated already. */
  generated?: Iterable<readonly [token: number, count: number]>
}

/**
 * Picks the tokens of one sequence. The order is that of Hugging Face's `generate`: bias and
 * penalties, then temperature, top-k, top-p and min-p, each on what the one before has left.
 */
export class Sampler {
  readonly #options: SamplerOptions
  readonly #adjustments: readonly Adjustment[]
  /** Undefined: the likeliest token is taken. */
  readonly #filters: readonly Filter[] | undefined
  readonly #candidates: Candidates
  readonly #random: Random
  readonly #seen: Set<number>
  readonly #generated: Map<number, number>

  /** `candidates` may serve several samplers, one after another. */
  constructor(options: SamplerOptions, { seed, prompt, candidates, generated = [] }: SamplerStart) {
    this.#options = options
    this.#generated = new Map(generated)
    this.#adjustments = adjustmentsOf(options)
    this.#filters = options.temperature === 0 ? undefined : filtersOf(options)
    this.#candidates = candidates
    this.#random = new Random(seed)
    this.#seen = new Set(prompt)
  }

  /** The next token, by logits (V), which are changed in place. */
  next(logits: Float32Array): number {
    const history = { seen: this.#seen, generated: this.#generated }
    for (const adjust of this.#adjustments) adjust(logits, history)
    const token = this.#filters ? this.#draw(logits, this.#filters) : greedy(logits)
    this.#seen.add(token)
    this.#generated.set(token, (this.#generated.get(token) ?? 0) + 1)
    return token
  }

  /** One that will pick as this one does. */
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

function adjustmentsOf(options: SamplerOptions): Adjustment[] {
  const adjustments: Adjustment[] = []
  if (Object.keys(options.logitBias).length > 0) adjustments.push(logitBias(options.logitBias))
  if (options.repetitionPenalty !== 1)
    adjustments.push(repetitionPenalty(options.repetitionPenalty))
  if (options.presencePenalty !== 0) adjustments.push(presencePenalty(options.presencePenalty))
  if (options.frequencyPenalty !== 0) adjustments.push(frequencyPenalty(options.frequencyPenalty))
  return adjustments
}

function filtersOf(options: SamplerOptions): Filter[] {
  const filters: Filter[] = []
  if (options.temperature !== 1) filters.push(temperature(options.temperature))
  if (options.topK > 0) filters.push(topK(options.topK))
  if (options.topP < 1) filters.push(topP(options.topP))
  if (options.minP > 0) filters.push(minP(options.minP))
  return filters
}
