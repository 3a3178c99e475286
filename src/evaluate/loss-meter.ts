import { type AnyBatch, asExamples, cutExamples, type Examples } from '../data/batch.ts'
import { toOnnx } from '../graph/index.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { Binding, DeviceTensor, Engine, Program } from '../runtime/engine.ts'
import { workersOf } from '../runtime/workers.ts'

export interface LossSum {
  /** Sum of the losses, in nats where they are cross-entropies. */
  total: number
  /** Targets that counted. */
  count: number
}

interface Worker {
  binding: Binding
  inputs: Readonly<Record<string, DeviceTensor>>
  loss: DeviceTensor
}

/** Tokens of a forward pass: enough for the matrix products, little enough for the caches. */
const TOKENS = 512

/** Measures an objective on given examples; its memory is bound once. */
export class LossMeter {
  readonly #program: Program
  readonly #workers: Worker[]
  readonly #rows: number
  readonly #like: Examples

  private constructor(program: Program, workers: Worker[], rows: number, like: Examples) {
    this.#program = program
    this.#workers = workers
    this.#rows = rows
    this.#like = like
  }

  /**
   * `parameters`: the model's, by name; `like`: a batch of the form that is to be measured.
   * `wholeBatch` batches are measured whole.
   */
  static async create(
    engine: Engine,
    objective: ObjectiveBuilder,
    parameters: Readonly<Record<string, DeviceTensor>>,
    like: AnyBatch,
    { wholeBatch = false }: { wholeBatch?: boolean } = {},
  ): Promise<LossMeter> {
    const examples = asExamples(like)
    const rows = wholeBatch ? examples.rows : Math.max(1, Math.floor(TOKENS / examples.length))
    const { inputs, loss } = objective({ rows })
    const workers = workersOf(engine)
    const threading = workers > 1 ? 'caller' : 'pool'
    const onnx = toOnnx({ loss }, { target: engine.name })
    const program = await engine.compile(onnx, { threading, label: 'evaluation' })
    const wanted = new Set(program.inputs.map(({ name }) => name))
    const bound = Object.fromEntries(
      Object.entries(parameters).filter(([name]) => wanted.has(name)),
    )
    const worker = (): Worker => {
      const own = Object.fromEntries(
        Object.entries(inputs)
          .filter(([name]) => wanted.has(name))
          .map(([name, { dtype, shape }]) => [name, engine.tensor(dtype, shape as number[])]),
      )
      own.weight?.write([1])
      const loss = engine.tensor('float32', [])
      return { inputs: own, loss, binding: program.bind({ ...bound, ...own, loss }) }
    }
    return new LossMeter(program, Array.from({ length: workers }, worker), rows, examples)
  }

  /** Sums over all batches, which have the form that the meter was made for. */
  async measure(
    batches: AsyncIterable<AnyBatch> | Iterable<AnyBatch>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<LossSum> {
    // Summed in the order of the text, whichever worker was faster, so that two runs agree exactly.
    const losses: number[] = []
    let count = 0
    const groups = this.#groups(batches, (counted) => {
      count += counted
    })
    const work = async ({ inputs, loss, binding }: Worker) => {
      for (let next = await groups.next(); !next.done; next = await groups.next()) {
        const { index, arrays } = next.value
        for (const [name, values] of Object.entries(arrays)) inputs[name]?.write(values)
        await binding.run({ signal })
        losses[index] = Number((await loss.read())[0])
      }
    }
    // All have ended, also where one failed or was aborted: their memory may be disposed then.
    const ends = await Promise.allSettled(this.#workers.map(work))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return { total: losses.reduce((sum, loss) => sum + loss, 0), count }
  }

  /** All examples, `rows` at a time. */
  async *#groups(
    batches: AsyncIterable<AnyBatch> | Iterable<AnyBatch>,
    counted: (targets: number) => void,
  ) {
    let index = 0
    for await (const batch of batches) {
      const examples = asExamples(batch)
      if (examples.length !== this.#like.length)
        throw new RangeError(
          `examples of ${examples.length} tokens given to a meter for ${this.#like.length}`,
        )
      counted(examples.count)
      for (const arrays of cutExamples(examples, this.#rows)) yield { index: index++, arrays }
    }
  }

  dispose(): void {
    for (const { binding, inputs, loss } of this.#workers) {
      binding.dispose()
      for (const tensor of [...Object.values(inputs), loss]) tensor.dispose()
    }
    this.#program.dispose()
  }
}
