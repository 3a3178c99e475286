import { cutExamples, type Examples } from '../data/batch.ts'
import type { Tensor } from '../graph/index.ts'
import {
  type ObjectiveBuilder,
  type ObjectiveSums,
  sumObjectives,
} from '../objectives/objective.ts'
import type { Bound, Tensors } from '../runtime/bound.ts'
import { type Compiled, compile } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import { workersOf } from '../runtime/workers.ts'

/** Sums over targets: of losses, in nats where they are cross-entropies, and of metrics. */
export interface LossSum extends ObjectiveSums {
  /** Targets that counted. */
  count: number
  /** Losses of the rows of all batches, in order; empty unless they were asked for. */
  rows: number[]
}

interface LossMeterOptions {
  /** Batches are measured whole. */
  wholeBatch?: boolean
  /** Gives the losses of single rows, too, where the objective has them. */
  byRow?: boolean
}

/** What single rows lose, among the outputs of its program. */
const ROW_LOSSES = 'rowLosses'

/** Tokens of a forward pass: enough for the matrix products, little enough for the caches. */
const TOKENS = 512

/** Measures an objective on given examples; its memory is bound once. */
export class LossMeter {
  readonly #compiled: Compiled
  readonly #workers: Bound[]
  readonly #rows: number
  readonly #like: Examples

  private constructor(compiled: Compiled, workers: number, rows: number, like: Examples) {
    this.#compiled = compiled
    this.#workers = Array.from({ length: workers }, () => compiled.bind())
    this.#rows = rows
    this.#like = like
  }

  /**
   * `parameters`: the model's, by name; `like`: a batch of the form that is to be measured.
   */
  static async create(
    engine: Engine,
    objective: ObjectiveBuilder,
    parameters: Tensors,
    like: Examples,
    { wholeBatch = false, byRow = false }: LossMeterOptions = {},
  ): Promise<LossMeter> {
    const rows = wholeBatch ? like.rows : Math.max(1, Math.floor(TOKENS / like.length))
    const { loss, metrics, rowLosses } = objective({ rows })
    const workers = workersOf(engine)
    const single: Record<string, Tensor> = byRow && rowLosses ? { [ROW_LOSSES]: rowLosses } : {}
    const compiled = await compile(
      engine,
      { loss, ...metrics, ...single },
      {
        weights: { live: parameters },
        threading: workers > 1 ? 'caller' : 'pool',
        label: 'evaluation',
      },
    )
    return new LossMeter(compiled, workers, rows, like)
  }

  /** Sums over all batches, which have the form that the meter was made for. */
  async measure(
    batches: AsyncIterable<Examples> | Iterable<Examples>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<LossSum> {
    // Summed in the order of the text, whichever worker was faster, so that two runs agree exactly.
    const sums: number[][] = []
    const rowLosses: number[][] = []
    const all = this.#compiled.outputs.map(({ name }) => name)
    const names = all.filter((name) => name !== ROW_LOSSES)
    let count = 0
    const groups = this.#groups(batches, (counted) => {
      count += counted
    })
    const work = async (worker: Bound) => {
      for (let next = await groups.next(); !next.done; next = await groups.next()) {
        const { index, arrays, rows } = next.value
        await worker.run({ ...arrays, weight: [1] }, { signal })
        sums[index] = await worker.readNumbers(names)
        if (all.length > names.length)
          rowLosses[index] = Array.from(await worker.read(ROW_LOSSES), Number).slice(0, rows)
      }
    }
    // All have ended, also where one failed or was aborted: their memory may be disposed then.
    const ends = await Promise.allSettled(this.#workers.map(work))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return { ...sumObjectives(names, sums), count, rows: rowLosses.flat() }
  }

  /** All examples, `rows` at a time. */
  async *#groups(
    batches: AsyncIterable<Examples> | Iterable<Examples>,
    counted: (targets: number) => void,
  ) {
    let index = 0
    for await (const examples of batches) {
      if (examples.length !== this.#like.length)
        throw new RangeError(
          `examples of ${examples.length} tokens given to a meter for ${this.#like.length}`,
        )
      counted(examples.count)
      for (const [i, arrays] of cutExamples(examples, this.#rows).entries())
        yield { index: index++, arrays, rows: Math.min(this.#rows, examples.rows - i * this.#rows) }
    }
  }

  dispose(): void {
    for (const worker of this.#workers) worker.dispose()
    this.#compiled.dispose()
  }
}
