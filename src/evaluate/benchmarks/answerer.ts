import { LanguageModel } from '../../generate/language-model.ts'
import type { Item } from '../../metrics/item.ts'
import { Decoder } from '../../models/decoder.ts'
import { type Model, stacksOf } from '../../models/model.ts'
import { TextModel } from '../../predict/text-model.ts'
import type { DeviceTensor, Engine } from '../../runtime/engine.ts'
import { readerOf } from '../../tasks/trained-model.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { type Likelihood, LikelihoodProgram } from '../likelihood/likelihood-program.ts'
import { askChoices } from './ask-choices.ts'
import { askClassifier } from './ask-classifier.ts'
import { askTexts } from './ask-texts.ts'
import { askWriting } from './ask-writing.ts'
import type { Benchmark, ChoiceQuestion, TextQuestion, WritingQuestion } from './benchmark.ts'
import { PromptEncoder } from './encode-prompts.ts'
import type { Asked, Prompts } from './prompts.ts'

export interface AnswererOptions {
  engine: Engine
  /** The model's, by name. */
  parameters: Readonly<Record<string, DeviceTensor>>
  subject: {
    model: Model
    tokenizer: Tokenizer
    addBos: boolean
    generation: Readonly<Record<string, unknown>>
    /** Questions are asked in a chat. */
    chatTemplate: string | undefined
  }
  /** Tokens of an answer that is written. */
  maxTokens: number
}

/** What a benchmark asks a model, and how. */
export interface Request {
  benchmark: Benchmark
  prompts: Prompts
  signal?: AbortSignal | undefined
}

/** A model that answers the questions of benchmarks; it compiles what they need. */
export class Answerer {
  readonly #options: AnswererOptions
  /** Likelihoods of rows that were run, for all benchmarks. */
  readonly #known = new Map<string, Likelihood[]>()
  #likelihoods: LikelihoodProgram | undefined
  #writer: LanguageModel | undefined
  #classifier: TextModel | undefined

  constructor(options: AnswererOptions) {
    this.#options = options
  }

  /** A new encoder of prompts, which counts those that do not fit. */
  encoder(): PromptEncoder {
    const { model, tokenizer, addBos, chatTemplate } = this.#options.subject
    const context = stacksOf(model.config)[0]?.context ?? 0
    return new PromptEncoder({ tokenizer, addBos, context, chatTemplate })
  }

  /** Items as they are finished. */
  async *answers(
    asked: readonly Asked[],
    encoder: PromptEncoder,
    { benchmark, prompts, signal }: Request,
  ): AsyncGenerator<Item> {
    const { subject, maxTokens } = this.#options
    const { chatTemplate } = subject
    if (benchmark.kind === 'choices') {
      const choices = asked as readonly Asked<ChoiceQuestion>[]
      if (!isWriter(subject.model)) {
        yield* askClassifier(await this.#reader(), choices, { benchmark, signal })
        return
      }
      const options = { benchmark, prompts, encoder, known: this.#known, signal }
      yield* askChoices(await this.#scorer(), choices, options)
    } else if (benchmark.kind === 'text') {
      const options = { encoder, known: this.#known, signal }
      yield* askTexts(await this.#scorer(), asked as readonly Asked<TextQuestion>[], options)
    } else {
      const options = { benchmark, prompts, encoder, maxTokens, chatTemplate, signal }
      const questions = asked as readonly Asked<WritingQuestion>[]
      yield* askWriting(await this.#writing(), questions, options)
    }
  }

  async dispose(): Promise<void> {
    this.#likelihoods?.dispose()
    await this.#writer?.dispose()
    await this.#classifier?.dispose()
  }

  async #scorer(): Promise<LikelihoodProgram> {
    const { engine, parameters, subject } = this.#options
    const weights = { live: parameters }
    this.#likelihoods ??= await LikelihoodProgram.create(engine, subject.model as Decoder, weights)
    return this.#likelihoods
  }

  async #writing(): Promise<LanguageModel> {
    const { engine, parameters, subject } = this.#options
    const { model, tokenizer, addBos, generation } = subject
    // Of the model's own settings, what ends a text; how it picks tokens is decided here.
    const { eos_token_id } = generation
    this.#writer ??= await LanguageModel.create({
      engine,
      model: model as Decoder,
      weights: { live: parameters },
      tokenizer,
      addBos,
      generation: eos_token_id === undefined ? {} : { eos_token_id },
    })
    return this.#writer
  }

  async #reader(): Promise<TextModel> {
    const { engine, parameters, subject } = this.#options
    const { model, tokenizer } = subject
    const weights = { live: parameters }
    this.#classifier ??= await TextModel.create({
      engine,
      model: readerOf(model),
      weights,
      tokenizer,
    })
    return this.#classifier
  }
}

/** A decoder without a head, whose tokens have probabilities. */
const isWriter = (model: Model): boolean => model instanceof Decoder && !model.head
