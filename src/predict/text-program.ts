import { at, gather, input, productOf, reshape, type Shape, type Tensor } from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Encoder } from '../models/encoder.ts'
import { headOf, headOutput } from '../models/head.ts'
import { type Compiled, compile, type Weights } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import { nonFiniteOf } from '../runtime/non-finite.ts'
import type { EncodedInput } from '../text/encode-input.ts'

export interface TextToRun extends EncodedInput {
  /** Tokens at its start that the model's mean leaves out. */
  skipped?: number
}

/** Sum and norm in one: on one thread, 2 ms where both took 0.9 apart (1024 x 768, two threads). */
const SLOWER = ['SkipLayerNormFusion']

/** A model that reads whole texts, compiled once for batches of all sizes. */
export class TextProgram {
  readonly engine: Engine
  readonly model: Encoder | Decoder
  /** Shape of what `run` gives: (batch, N), (batch, length, N), or (rows, N). */
  readonly shape: Shape
  readonly #compiled: Compiled<'output'>

  private constructor(engine: Engine, model: Encoder | Decoder, compiled: Compiled<'output'>) {
    this.engine = engine
    this.model = model
    this.shape = at(compiled.outputs, 0).shape
    this.#compiled = compiled
  }

  static async create(
    engine: Engine,
    model: Encoder | Decoder,
    weights: Weights,
  ): Promise<TextProgram> {
    const options = { weights, label: 'texts', withoutOptimizers: SLOWER }
    const compiled = await compile(engine, { output: textGraph(model) }, options)
    return new TextProgram(engine, model, compiled)
  }

  /**
   * Runs on `texts`, the shorter ones padded with `padId`. `rows`: tokens, of all in the batch,
   * whose outputs are wanted, for a masked language model. Throws UserError, which names the weight
   * at fault, where an output is not finite.
   */
  async run(
    texts: readonly TextToRun[],
    { padId, rows = [], signal }: { padId: number; rows?: readonly number[]; signal?: AbortSignal },
  ): Promise<Float32Array> {
    const batch = texts.length
    const length = Math.max(1, ...texts.map(({ ids }) => ids.length))
    const ids = new Int32Array(batch * length).fill(padId)
    const types = new Int32Array(batch * length)
    const positions = types.map((_, i) => i % length)
    const mask = new Float32Array(batch * length)
    const pooled = new Float32Array(batch * length)
    for (const [row, text] of texts.entries()) {
      const end = row * length + text.ids.length
      ids.set(text.ids, row * length)
      types.set(text.typeIds, row * length)
      mask.fill(1, row * length, end)
      pooled.fill(1, row * length + (text.skipped ?? 0), end)
    }
    const inputs = { ids, types, positions, mask, pooled, rows }
    const sizes = { batch, length, rows: rows.length }
    const { output } = await this.#compiled(inputs, { sizes, signal })
    const values = output as Float32Array
    if (nonFiniteOf(values) !== undefined) throw await this.#compiled.fault('outputs')
    return values
  }

  dispose(): void {
    this.#compiled.dispose()
  }
}

/** The head's output for texts of any number and length. */
function textGraph(model: Encoder | Decoder): Tensor {
  const { config } = model
  const shape = ['batch', 'length']
  const ids = input('ids', 'int32', shape)
  const mask = input('mask', 'float32', shape)
  const types = config.tokenTypes > 0 ? input('types', 'int32', shape) : undefined
  const positions = input('positions', 'int32', shape)
  const hidden = model.hidden(ids, { mask, types, positions })
  const { task, pooling, prompts } = headOf(model)
  const leavesOut = task === 'embed' && prompts?.pooled === false && pooling === 'mean'
  const pooled = leavesOut ? input('pooled', 'float32', shape) : mask
  if (task !== 'mlm') return headOutput(model, hidden, { mask, pooled })
  const tokens = reshape(hidden, [productOf(shape), config.dim])
  return headOutput(model, gather(tokens, input('rows', 'int32', ['rows'])), { mask })
}
