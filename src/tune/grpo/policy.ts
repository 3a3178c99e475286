import type { Examples } from '../../data/batch.ts'
import { type Generated, generateFromTokens } from '../../generate/from-tokens.ts'
import { LanguageModel } from '../../generate/language-model.ts'
import { chatOptions } from '../../generate/options.ts'
import { plainSampling } from '../../generate/sampling/sampler.ts'
import type { Decoder } from '../../models/decoder.ts'
import type { Tensors } from '../../runtime/bound.ts'
import type { DeviceTensor } from '../../runtime/engine.ts'
import type { Trained } from '../../tasks/task.ts'
import { endOfTurn } from '../../text/render-conversation.ts'
import { TokenScorer } from './token-scorer.ts'

/** The model's own probabilities, whatever its files prefer. */
const PLAIN = { ...chatOptions.parse({ slide: false }), ...plainSampling }

export interface PolicyOptions {
  /** Tokens of a row, and of a completion at most. */
  length: number
  maxTokens: number
  /** Of what is drawn and scored. */
  temperature: number
  /** Updates with each rollout; with several, log-probabilities are kept from before the first. */
  updates: number
  /** There is a reference: the model that training starts from. */
  kl: number
}

export interface WriteOptions {
  /** 0: the likeliest token each time. */
  temperature: number
  /** Of the first completion; the others follow. */
  seed?: number
  signal?: AbortSignal | undefined
}

/**
 * The model in training as one that writes, on the very weights that are trained, and as one that
 * says how likely completions are; and beside it the reference, as it was when training began.
 */
export class Policy {
  readonly #options: PolicyOptions
  readonly #start: Trained
  /** Of the reference, where they are not those of the model under an adapter. */
  readonly #copied: Record<string, DeviceTensor> = {}
  #writer: LanguageModel | undefined
  #scorer: TokenScorer | undefined
  #reference: TokenScorer | undefined

  private constructor(start: Trained, options: PolicyOptions) {
    this.#start = start
    this.#options = options
  }

  /** `start`: the weights that training starts from. They are copied where a reference needs it. */
  static async create(start: Trained, options: PolicyOptions): Promise<Policy> {
    const policy = new Policy(start, options)
    const { engine, model, weights } = start
    if (options.kl === 0 || policy.#hasAdapter) return policy
    for (const [name, { shape }] of model.parameters()) {
      const copy = engine.tensor('float32', shape)
      policy.#copied[name] = copy
      copy.write((await weights.live[name]?.read()) as Float32Array)
    }
    return policy
  }

  /** Completes all prompts at once. Throws the signal's reason if aborted. */
  async write(
    prompts: readonly (readonly number[])[],
    { signal, ...options }: WriteOptions,
  ): Promise<Generated[]> {
    const { chatTemplate, tokenizer, engine, addBos, weights } = this.#start
    const model = this.#start.model as Decoder
    this.#writer ??= await LanguageModel.create({ engine, model, weights, tokenizer, addBos })
    const end = chatTemplate ? endOfTurn(tokenizer, chatTemplate) : undefined
    const stopIds = end === undefined ? [] : [end]
    const { maxTokens } = this.#options
    const written = await generateFromTokens(
      this.#writer,
      prompts.map((ids) => ({ ids })),
      { ...PLAIN, ...options, maxTokens, stopIds, signal },
    )
    signal?.throwIfAborted()
    return written
  }

  /** What else the objective reads: `old` and `reference`, as far as it needs them. */
  async logProbabilities(
    examples: Examples,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, Float32Array>> {
    const { updates, kl } = this.#options
    const { weights } = this.#start
    if (updates > 1) this.#scorer ??= await this.#scorerOf(weights.live)
    if (kl > 0)
      this.#reference ??= this.#hasAdapter
        ? await this.#scorerOf(weights.live, true)
        : await this.#scorerOf(this.#copied)
    return {
      ...(this.#scorer && { old: await this.#scorer.score(examples, signal) }),
      ...(this.#reference && { reference: await this.#reference.score(examples, signal) }),
    }
  }

  dispose(): void {
    this.#writer?.dispose()
    this.#scorer?.dispose()
    this.#reference?.dispose()
    for (const tensor of Object.values(this.#copied)) tensor.dispose()
  }

  /** The model's own weights are then never changed. */
  get #hasAdapter(): boolean {
    const { model, weights } = this.#start
    const own = model.parameters()
    return Object.keys(weights.live).some(
      (name) => /\.lora_[AB]\.weight$/.test(name) && !own.has(name),
    )
  }

  #scorerOf(weights: Tensors, withoutAdapter = false): Promise<TokenScorer> {
    const { length, temperature } = this.#options
    const { engine } = this.#start
    const model = this.#start.model as Decoder
    return TokenScorer.create({ engine, model, weights, length, temperature, withoutAdapter })
  }
}
