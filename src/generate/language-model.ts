import { UserError } from '../errors.ts'
import type { LeftAside } from '../formats/open-model.ts'
import { type AdapterUse, type WeightedAdapter, weighted } from '../formats/peft/lora/adapter.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import { type WritingModel, writingStack } from '../models/model.ts'
import type { Bits } from '../models/quantize.ts'
import { expectNoScope } from '../nn/index.ts'
import { type UseWeights, type Weights, weightsLater } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { AdapterSlots } from './adapter-slots.ts'
import type { DecodeParts } from './decode.ts'
import { DecodeProgram } from './decode-program.ts'
import { EncodeProgram } from './encode-program.ts'
import { type GenerationDefaults, readGenerationConfig } from './generation-config.ts'
import type { Draft } from './speculate.ts'

export interface LanguageModelOptions {
  engine: Engine
  /** Its architecture. */
  model: WritingModel
  /** `live` for a model in training: texts follow its current parameters. */
  weights: Weights
  tokenizer: Tokenizer
  /** Jinja template of conversations; without one, `chat` continues the user's text. */
  chatTemplate?: string
  /** Content of generation_config.json. */
  generation?: Readonly<Record<string, unknown>>
  /** Prompts begin with the tokenizer's BOS (default: only empty ones). */
  addBos?: boolean
  facts?: ImportFacts
  /**
   * Quantizes the matrices of `packed` weights to so many bits, in blocks with a scale each
   * (default: 32, unquantized). Takes less memory; texts may differ. Adapters are not quantized.
   */
  bits?: Bits
  /**
   * Bits of a quantized copy of `packed` weights that makes draft tokens (speculative decoding): a
   * single text is generated about twice as fast, and stays the same. Takes a quarter (8) or an
   * eighth (4) more memory.
   */
  draft?: Bits
  /**
   * Active adapters, which `useAdapters` can switch; [] for none yet. If undefined, the model has
   * no inputs for adapters, which is a little faster.
   */
  adapters?: readonly AdapterUse[]
  /** Disposing the model disposes its engine. */
  ownsEngine?: boolean
}

/** How a model's files were understood, for the user to check. */
export interface ImportFacts extends LeftAside {
  /** `model_type` of config.json. */
  architecture: string
}

/** A model that writes text, with its tokenizer. Generations may run concurrently. */
export class LanguageModel {
  readonly engine: Engine
  readonly model: WritingModel
  readonly tokenizer: Tokenizer
  readonly chatTemplate: string | undefined
  readonly addBos: boolean
  readonly facts: ImportFacts | undefined
  readonly defaults: GenerationDefaults
  readonly program: DecodeProgram
  readonly draft: Draft | undefined
  /** Reads the sources of an encoder-decoder. */
  readonly encoder: EncodeProgram | undefined
  /** For programs besides its own, such as that of `forward`. */
  readonly useWeights: UseWeights
  readonly bits: Bits | undefined
  readonly #ownsEngine: boolean
  readonly #slots: AdapterSlots | undefined

  private constructor(options: LanguageModelOptions, { program, draft, encoder }: DecodeParts) {
    this.#slots = program.adapters
    this.engine = options.engine
    this.model = options.model
    this.tokenizer = options.tokenizer
    this.chatTemplate = options.chatTemplate
    this.addBos = options.addBos ?? false
    this.facts = options.facts
    this.#ownsEngine = options.ownsEngine ?? false
    this.defaults = readGenerationConfig(options.generation ?? {})
    this.useWeights = weightsLater(options.weights)
    this.bits = options.bits
    this.program = program
    this.draft = draft
    this.encoder = encoder
  }

  /** Compiles the model. `packed` parameters may be released afterwards. */
  static async create(options: LanguageModelOptions): Promise<LanguageModel> {
    const { engine, model, weights, bits, draft } = options
    expectNoScope(model)
    const adapters = slotsFor(options)
    const program = await DecodeProgram.create(engine, model, weights, { bits, adapters })
    const encoder =
      model instanceof EncoderDecoder
        ? await EncodeProgram.create(engine, model, weights)
        : undefined
    if (!draft) return new LanguageModel(options, { program, encoder })
    const drafting = await DecodeProgram.create(engine, model, weights, { bits: draft, adapters })
    return new LanguageModel(options, {
      program,
      encoder,
      draft: { program: drafting, bits: draft },
    })
  }

  /** Every setting of its architecture. */
  get config(): WritingModel['config'] {
    return this.model.config
  }

  /** Tokens of the longest text. */
  get context(): number {
    return writingStack(this.model).context
  }

  /** Tokens that end a text. */
  get stopIds(): ReadonlySet<number> {
    const { eosId } = this.tokenizer
    return new Set([...this.defaults.stopIds, ...(eosId === undefined ? [] : [eosId])])
  }

  /** The active adapters. */
  get adapters(): readonly Required<WeightedAdapter>[] {
    return this.#slots?.uses ?? []
  }

  /**
   * Switches to other adapters, without reloading the model. Several add up, each times its weight
   * (default 1); [] is the model alone. Running generations keep their adapters. Throws UserError
   * if an adapter does not fit, or if the model was loaded without support for adapters.
   *
   * @example
   * const model = await load('base', { adapter: 'pirate' })
   * const { adapter: poet } = await readAdapterFolder('poet')
   * model.useAdapters([poet])
   * model.useAdapters([{ adapter: poet, weight: 0.5 }, ...model.adapters])
   */
  useAdapters(adapters: readonly AdapterUse[]): void {
    if (!this.#slots)
      throw new UserError(
        'this model was loaded without support for adapters; load it with some, or []',
      )
    this.#slots.use(adapters)
  }

  async dispose(): Promise<void> {
    this.program.dispose()
    this.draft?.program.dispose()
    this.encoder?.dispose()
    this.#slots?.dispose()
    if (this.#ownsEngine) await this.engine.dispose()
  }
}

function slotsFor({ engine, model, adapters }: LanguageModelOptions): AdapterSlots | undefined {
  if (!adapters) return undefined
  const all = adapters.map((use) => weighted(use).adapter)
  const slots = new AdapterSlots(
    engine,
    model,
    all.find(({ replaced }) => replaced.size > 0),
  )
  slots.use(adapters)
  return slots
}
