import { UserError } from '../errors.ts'
import type { LeftAside } from '../formats/open-model.ts'
import { type AdapterUse, type WeightedAdapter, weighted } from '../formats/peft/lora/adapter.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import { type WritingModel, writingStack } from '../models/model.ts'
import type { Bits } from '../models/quantize.ts'
import type { Weights } from '../runtime/compile.ts'
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
  /** A model in training gives its parameters as `live`: what is generated follows them. */
  weights: Weights
  tokenizer: Tokenizer
  /** Jinja template of conversations; without one, `chat` continues the user's text. */
  chatTemplate?: string
  /** Defaults of generation, by the names of generation_config.json. */
  generation?: Readonly<Record<string, unknown>>
  /** Prompts begin with the tokenizer's BOS (default: only empty ones). */
  addBos?: boolean
  facts?: ImportFacts
  /**
   * Bits that the matrices of `packed` weights are held in, in blocks with a scale each: less
   * memory, and a text that may differ (default: all 32). Adapters stay as they are.
   */
  bits?: Bits
  /**
   * Bits of a quantized copy of `packed` weights that guesses what comes next, so that one text is
   * generated about twice as fast; the text stays the same. It takes a quarter (8) or an eighth (4)
   * more memory.
   */
  draft?: Bits
  /**
   * Adapters that it runs with; they can be switched: see `useAdapters`. An empty list only makes
   * room for them; without one there is none, which is a little faster.
   */
  adapters?: readonly AdapterUse[]
  /** Disposing the model disposes its engine. */
  ownsEngine?: boolean
}

/** What an import found, for the user to see: foreign weights may load and yet be misread. */
export interface ImportFacts extends LeftAside {
  /** `model_type` of config.json. */
  architecture: string
}

/**
 * A model that writes text, with its tokenizer, ready to generate. Several generations may be under
 * way at once.
 */
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
  /** Reads what an encoder-decoder writes about. */
  readonly encoder: EncodeProgram | undefined
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
    this.program = program
    this.draft = draft
    this.encoder = encoder
  }

  /** Compiles the model; parameters that are `packed` can be let go afterwards. */
  static async create(options: LanguageModelOptions): Promise<LanguageModel> {
    const { engine, model, weights, bits, draft } = options
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

  /** Its architecture: every setting, as it was resolved. */
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

  /** The adapters that it runs with. */
  get adapters(): readonly Required<WeightedAdapter>[] {
    return this.#slots?.uses ?? []
  }

  /**
   * Switches to other adapters, at once and without loading the model anew; several add up, each
   * times its weight (default 1), and none is the model alone. Generations that are under way go on
   * with those that they began with. Throws UserError where one does not fit, or the model was
   * loaded without room for adapters.
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
        'this model was loaded without room for adapters; load it with some, or []',
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
