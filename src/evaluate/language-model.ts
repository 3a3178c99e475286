import type { Batch } from '../data/batch.ts'
import { cast, crossEntropy, greaterEqual, IGNORE, input, sum, toOnnx } from '../graph/index.ts'
import type { Decoder } from '../models/decoder.ts'
import type { Binding, DeviceTensor, Engine, Program } from '../runtime/engine.ts'
import { workersOf } from '../runtime/workers.ts'

export interface LossSum {
  /** Sum of the losses, in nats. */
  total: number
  /** Targets that counted. */
  count: number
}

interface Worker {
  binding: Binding
  ids: DeviceTensor
  targets: DeviceTensor
  total: DeviceTensor
  count: DeviceTensor
}

/** Tokens of a forward pass: enough for the matrix products, little enough for the caches. */
const TOKENS = 512

/** Measures the cross-entropy of a model on given targets; its memory is bound once. */
export class LossMeter {
  readonly #program: Program
  readonly #workers: Worker[]
  readonly #rows: number
  readonly #length: number

  private constructor(program: Program, workers: Worker[], rows: number, length: number) {
    this.#program = program
    this.#workers = workers
    this.#rows = rows
    this.#length = length
  }

  /** `parameters`: the model's, by name. */
  static async create(
    engine: Engine,
    model: Decoder,
    parameters: Readonly<Record<string, DeviceTensor>>,
    length: number = model.config.context,
  ): Promise<LossMeter> {
    const rows = Math.max(1, Math.floor(TOKENS / length))
    const ids = input('ids', 'int32', [rows, length])
    const targets = input('targets', 'int32', [rows * length])
    const losses = crossEntropy(model.logits(model.hidden(ids)), targets)
    const count = sum(cast(greaterEqual(targets, 0), 'float32'))
    const onnx = toOnnx({ total: sum(losses), count }, { target: engine.name })
    const workers = workersOf(engine)
    const threading = workers > 1 ? 'caller' : 'pool'
    const program = await engine.compile(onnx, { threading, label: 'evaluation' })
    const worker = (): Worker => {
      const own = {
        ids: engine.tensor('int32', [rows, length]),
        targets: engine.tensor('int32', [rows * length]),
        total: engine.tensor('float32', []),
        count: engine.tensor('float32', []),
      }
      return { ...own, binding: program.bind({ ...parameters, ...own }) }
    }
    return new LossMeter(program, Array.from({ length: workers }, worker), rows, length)
  }

  /** Sums over all batches, whose length must be the meter's. */
  async measure(
    batches: AsyncIterable<Batch> | Iterable<Batch>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<LossSum> {
    // Summed in the order of the text, whichever worker was faster, so that two runs agree exactly.
    const sums: LossSum[] = []
    const groups = this.#groups(batches)
    const work = async ({ ids, targets, total, count, binding }: Worker) => {
      for (let next = await groups.next(); !next.done; next = await groups.next()) {
        const { index, ...group } = next.value
        ids.write(group.inputs)
        targets.write(group.targets)
        await binding.run({ signal })
        const [[loss], [counted]] = await Promise.all([total.read(), count.read()])
        sums[index] = { total: Number(loss), count: Number(counted) }
      }
    }
    await Promise.all(this.#workers.map(work))
    return sums.reduce(
      (all, { total, count }) => ({ total: all.total + total, count: all.count + count }),
      { total: 0, count: 0 },
    )
  }

  /** All sequences, `rows` at a time; the last group is filled up with targets that do not count. */
  async *#groups(batches: AsyncIterable<Batch> | Iterable<Batch>) {
    const [rows, length] = [this.#rows, this.#length]
    let index = 0
    for await (const batch of batches) {
      if (batch.length !== length)
        throw new RangeError(`sequences of ${batch.length} tokens given to a meter for ${length}`)
      for (let row = 0; row < batch.rows; row += rows) {
        const inputs = new Int32Array(rows * length)
        const targets = new Int32Array(rows * length).fill(IGNORE)
        inputs.set(batch.inputs.subarray(row * length, (row + rows) * length))
        targets.set(batch.targets.subarray(row * length, (row + rows) * length))
        yield { index: index++, inputs, targets }
      }
    }
  }

  dispose(): void {
    for (const { binding, ids, targets, total, count } of this.#workers) {
      binding.dispose()
      for (const tensor of [ids, targets, total, count]) tensor.dispose()
    }
    this.#program.dispose()
  }
}
