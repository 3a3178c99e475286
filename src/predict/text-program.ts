import { gather, input, productOf, reshape, type Tensor } from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Encoder } from '../models/encoder.ts'
import { headOf, pool, vectorsOf } from '../models/head.ts'
import { type CompiledModel, compileModel, type Weights } from '../runtime/compile-model.ts'
import type { Binding, DeviceTensor, Engine, Program } from '../runtime/engine.ts'
import { nonFiniteOf } from '../runtime/non-finite.ts'
import { together } from '../runtime/together.ts'
import type { EncodedInput } from '../text/encode-input.ts'

/** What a model's head says of a batch of texts. */
export interface TextOutput {
  values: Float32Array
  /** (batch, N), (batch, length, N), or (rows, N) where rows were asked for. */
  shape: readonly number[]
}

export interface TextToRun extends EncodedInput {
  /** Tokens at its start that the model's mean leaves out. */
  skipped?: number
}

interface Bound {
  inputs: Record<string, DeviceTensor>
  output: DeviceTensor
  binding: Binding
}

/** Sum and norm in one: on one thread, 2 ms where both took 0.9 apart (1024 x 768, two threads). */
const SLOWER = ['SkipLayerNormFusion']

/** A model that reads whole texts, compiled once for batches of all sizes. */
export class TextProgram {
  readonly engine: Engine
  readonly model: Encoder | Decoder
  readonly #compiled: CompiledModel
  /** Of the last sizes, since texts often come in equal ones. */
  #bound: { key: string; bound: Bound } | undefined

  private constructor(engine: Engine, model: Encoder | Decoder, compiled: CompiledModel) {
    this.engine = engine
    this.model = model
    this.#compiled = compiled
  }

  static async create(
    engine: Engine,
    model: Encoder | Decoder,
    weights: Weights,
  ): Promise<TextProgram> {
    const outputs = { output: textGraph(model) }
    const options = { label: 'texts', withoutOptimizers: SLOWER }
    const compiled = await compileModel(engine, model, outputs, weights, options)
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
  ): Promise<TextOutput> {
    const batch = texts.length
    const length = Math.max(1, ...texts.map(({ ids }) => ids.length))
    const { inputs, output, binding } = this.#bind(batch, length, rows.length)
    const [ids, types, positions] = [0, 1, 2].map(() => new Int32Array(batch * length)) as [
      Int32Array,
      Int32Array,
      Int32Array,
    ]
    const mask = new Float32Array(batch * length)
    const pooled = new Float32Array(batch * length)
    ids.fill(padId)
    for (const [row, text] of texts.entries()) {
      ids.set(text.ids, row * length)
      types.set(text.typeIds, row * length)
      const end = row * length + text.ids.length
      mask.fill(1, row * length, end)
      pooled.fill(1, row * length + (text.skipped ?? 0), end)
      for (let i = 0; i < length; i++) positions[row * length + i] = i
    }
    const all = { ids, types, positions, mask, pooled, rows: [...rows] }
    for (const [name, values] of Object.entries(all)) inputs[name]?.write(values)
    await binding.run({ signal })
    const values = (await output.read()) as Float32Array
    if (nonFiniteOf(values) !== undefined) throw await this.#compiled.fault('outputs')
    return { values, shape: output.shape }
  }

  #bind(batch: number, length: number, rows: number): Bound {
    const key = `${batch} ${length} ${rows}`
    if (this.#bound?.key === key) return this.#bound.bound
    this.#free()
    const { program, live } = this.#compiled
    const sizes: Record<string, number> = { batch, length, rows }
    const bound = together((track) => {
      const tensor = ({ dtype, shape }: Program['inputs'][number]) => {
        const own = shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 0)))
        return track(this.engine.tensor(dtype, own))
      }
      const own = program.inputs.filter(({ name }) => !live[name])
      const inputs = Object.fromEntries(own.map((spec) => [spec.name, tensor(spec)]))
      const output = tensor(program.outputs[0] as Program['outputs'][number])
      const binding = program.bind({ ...live, ...inputs, output })
      return { inputs, output, binding }
    })
    this.#bound = { key, bound }
    return bound
  }

  #free(): void {
    const bound = this.#bound?.bound
    this.#bound = undefined
    if (!bound) return
    bound.binding.dispose()
    for (const one of [...Object.values(bound.inputs), bound.output]) one.dispose()
  }

  dispose(): void {
    this.#free()
    this.#compiled.program.dispose()
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
  const { head, task, pooling, prompts } = headOf(model)
  if (task === 'tag') return head.forward(hidden)
  if (task === 'embed') {
    const leavesOut = prompts?.pooled === false && pooling === 'mean'
    return vectorsOf(model, hidden, leavesOut ? input('pooled', 'float32', shape) : mask)
  }
  if (task !== 'mlm') return head.forward(pool(hidden, mask, pooling))
  const tokens = reshape(hidden, [productOf(shape), config.dim])
  const rows = gather(tokens, input('rows', 'int32', ['rows']))
  return head.forward(rows, { embedding: (model as Encoder).embedding })
}
