import { generate } from '../generate/generate.ts'
import { LanguageModel } from '../generate/language-model.ts'
import type { WritingModel } from '../models/model.ts'
import { type Expected, writeExpected } from '../predict/completions.ts'
import type { Engine } from '../runtime/engine.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { Trainer } from './trainer.ts'

export interface SamplerOptions {
  engine: Engine
  model: WritingModel
  tokenizer: Tokenizer
  addBos?: boolean | undefined
  trainer: Trainer
  /** Prompts that are not learned from, and what is to be written after them. */
  expected?: readonly Expected[] | undefined
}

/** Texts by a model in training, with its parameters as they stand. */
export class Sampler {
  readonly #options: SamplerOptions
  #model: LanguageModel | undefined

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  /**
   * What is written after the prompts that were given, beside what is right; without any, a text of
   * up to 200 tokens. The same parameters give the same.
   */
  async sample(signal?: AbortSignal): Promise<string> {
    const { trainer, expected, ...parts } = this.#options
    this.#model ??= await LanguageModel.create({ ...parts, weights: { live: trainer.parameters } })
    if (expected) return describe(expected, await writeExpected(this.#model, expected, { signal }))
    const sampling = { maxTokens: 200, temperature: 0.8, topK: 50, seed: 1 }
    const { text } = await generate(this.#model, { ...sampling, signal })
    return text
  }

  dispose(): void {
    this.#model?.dispose()
  }
}

/** A line for each prompt: `"2+2=" -> "5" (expected "4")`. */
const describe = (expected: readonly Expected[], written: readonly string[]): string =>
  expected
    .map(({ given, text }, i) => {
      const [before, after, right] = [given, written[i], text].map((one) => JSON.stringify(one))
      return `${before} -> ${after} (expected ${right})`
    })
    .join('\n')
