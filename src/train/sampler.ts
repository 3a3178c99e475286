import { generate } from '../generate/generate.ts'
import { LanguageModel } from '../generate/language-model.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Engine } from '../runtime/engine.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { Trainer } from './trainer.ts'

export interface SamplerOptions {
  engine: Engine
  decoder: Decoder
  tokenizer: Tokenizer
  trainer: Trainer
}

/** Texts by a model in training, with its parameters as they stand. */
export class Sampler {
  readonly #options: SamplerOptions
  #model: LanguageModel | undefined

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  /** Up to 200 tokens from the beginning of a text; the same parameters give the same. */
  async sample(signal?: AbortSignal): Promise<string> {
    const { trainer, decoder: model, ...parts } = this.#options
    this.#model ??= await LanguageModel.create({
      ...parts,
      model,
      weights: { live: trainer.parameters },
    })
    const sampling = { maxTokens: 200, temperature: 0.8, topK: 50, seed: 1 }
    const { text } = await generate(this.#model, { ...sampling, signal })
    return text
  }

  dispose(): void {
    this.#model?.dispose()
  }
}
