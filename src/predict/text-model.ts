import { whileNotReplaced } from '../checkpoint/open-model.ts'
import { usePackedWeights } from '../checkpoint/packed-weights.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { Decoder } from '../models/decoder.ts'
import { Encoder } from '../models/encoder.ts'
import { headOf } from '../models/head.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { createModel } from '../models/model.ts'
import { expectNoScope } from '../nn/index.ts'
import { type UseWeights, type Weights, weightsLater } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import { type EngineChoice, loadOnEngine } from '../runtime/open.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { inBatches } from './in-batches.ts'
import { TextProgram, type TextToRun } from './text-program.ts'

export interface TextModelOptions {
  engine: Engine
  /** An encoder, or a decoder with a head. */
  model: Encoder | Decoder
  weights: Weights
  tokenizer: Tokenizer
  /** By which it reads conversations. */
  chatTemplate?: string | undefined
  /** Disposing the model disposes its engine. */
  ownsEngine?: boolean
}

/**
 * A model that reads whole texts, with its tokenizer: it classifies, tags, embeds or fills gaps.
 */
export class TextModel {
  readonly engine: Engine
  readonly model: Encoder | Decoder
  readonly tokenizer: Tokenizer
  /** By which it reads conversations; without one they are plain text. */
  readonly chatTemplate: string | undefined
  /** For programs besides its own, such as that of `forward`. */
  readonly useWeights: UseWeights
  readonly #program: TextProgram
  readonly #ownsEngine: boolean

  private constructor(options: TextModelOptions, program: TextProgram) {
    this.engine = options.engine
    this.model = options.model
    this.tokenizer = options.tokenizer
    this.chatTemplate = options.chatTemplate
    this.useWeights = weightsLater(options.weights)
    this.#program = program
    this.#ownsEngine = options.ownsEngine ?? false
  }

  static async create(options: TextModelOptions): Promise<TextModel> {
    const { engine, model, weights } = options
    expectNoScope(model)
    return new TextModel(options, await TextProgram.create(engine, model, weights))
  }

  get head(): HeadConfig {
    const { head: _, ...config } = headOf(this.model)
    return config
  }

  /** Tokens of the longest text. */
  get context(): number {
    const { context } = this.model.config
    return Math.min(context, this.head.maxTokens ?? context)
  }

  /**
   * The head's outputs for each text: (N), or (length, N) for tagging. `rows`: for a masked
   * language model, the positions of each text to compute logits (V) for.
   */
  async outputs(
    texts: readonly TextToRun[],
    { rows, signal }: { rows?: readonly (readonly number[])[]; signal?: AbortSignal } = {},
  ): Promise<Float32Array[]> {
    const { tokenTypes } = this.model.config
    if (tokenTypes > 0 && texts.some(({ typeIds }) => typeIds.some((type) => type >= tokenTypes)))
      throw new UserError(
        'the tokenizer gives the second text of a pair another token type, but the model has ' +
          `${tokenTypes}; give single texts`,
      )
    const padId = this.tokenizer.padId ?? 0
    const lengths = texts.map(({ ids }) => ids.length)
    const { shape } = this.#program
    const width = shape.at(-1) as number
    const results: Float32Array[] = new Array(texts.length)
    for (const batch of inBatches(lengths)) {
      const chosen = batch.map((i) => texts[i] as TextToRun)
      const longest = Math.max(...chosen.map(({ ids }) => ids.length))
      const wanted = rows && batch.map((i) => rows[i] ?? [])
      const flat = wanted?.flatMap((chosen, row) =>
        chosen.map((position) => row * longest + position),
      )
      const values = await this.#program.run(chosen, { padId, rows: flat, signal })
      let start = 0
      for (const [row, i] of batch.entries()) {
        const count = wanted ? (wanted[row]?.length ?? 0) : shape.length === 3 ? longest : 1
        const kept = shape.length === 3 ? (chosen[row]?.ids.length ?? 0) : count
        results[i] = values.slice(start * width, (start + kept) * width)
        start += count
      }
    }
    return results
  }

  async dispose(): Promise<void> {
    this.#program.dispose()
    if (this.#ownsEngine) await this.engine.dispose()
  }
}

/**
 * Loads a model that reads whole texts; `model.dispose()` frees it. Throws UserError that names the
 * file and what is wrong with it, or if the model has no head.
 *
 * @example
 * const model = await loadTextModel('my-classifier')
 * const [{ label }] = await classify(model, ['I like it'])
 */
export async function loadTextModel(
  folder: string,
  options: EngineChoice = {},
): Promise<TextModel> {
  return whileNotReplaced(folder, (model) => loadReading(model, options))
}

/** As `loadTextModel`, for an open model, which can be closed afterwards. */
export async function loadReading(files: OpenModel, choice: EngineChoice = {}): Promise<TextModel> {
  const model = createModel(files.config)
  if (!(model instanceof Encoder) && !(model instanceof Decoder && model.head))
    throw new UserError(
      `${files.path}: this ${files.architecture} model writes text; ` +
        'give a model with a head for whole texts, such as a BERT',
    )
  return loadOnEngine(choice, (engine, ownsEngine) =>
    usePackedWeights(engine, model, files, {}, (weights) =>
      TextModel.create({ ...files, engine, ownsEngine, model, weights }),
    ),
  )
}
