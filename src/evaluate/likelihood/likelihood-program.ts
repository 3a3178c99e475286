import {
  cast,
  crossEntropy,
  gather,
  gatherElements,
  greaterEqual,
  input,
  productOf,
  reshape,
  sum,
} from '../../graph/index.ts'
import type { Decoder } from '../../models/decoder.ts'
import { branchBias } from '../../nn/index.ts'
import { type Compiled, compile, type Weights } from '../../runtime/compile.ts'
import type { Engine } from '../../runtime/engine.ts'
import { nonFiniteOf } from '../../runtime/non-finite.ts'
import { workersOf } from '../../runtime/workers.ts'
import type { Row } from './pack-row.ts'

/** What a model thinks of some tokens after what precedes them. */
export interface Likelihood {
  /** Natural logarithm of the probability of all of them. */
  logProbability: number
  /** Each is likelier than any other token would be at its position. */
  isGreedy: boolean
  tokens: number
}

/** Log-probabilities of tokens, compiled once for rows of any number and length. */
export class LikelihoodProgram {
  readonly engine: Engine
  readonly model: Decoder
  /** Runs that may take place side by side. */
  readonly workers: number
  readonly #compiled: Compiled<'losses' | 'ranks'>

  private constructor(
    engine: Engine,
    model: Decoder,
    compiled: Compiled<'losses' | 'ranks'>,
    workers: number,
  ) {
    this.engine = engine
    this.model = model
    this.workers = workers
    this.#compiled = compiled
  }

  /** `workers`: runs side by side, each on one thread; with 1, a run uses all threads. */
  static async create(
    engine: Engine,
    model: Decoder,
    weights: Weights,
    { workers = workersOf(engine) }: { workers?: number } = {},
  ): Promise<LikelihoodProgram> {
    const compiled = await compile(engine, likelihoodGraph(model), {
      weights,
      threading: workers > 1 ? 'caller' : 'pool',
      label: 'likelihoods',
    })
    return new LikelihoodProgram(engine, model, compiled, workers)
  }

  /**
   * The likelihood of each sequence of each row. Throws UserError, which names the weight at fault,
   * where one is not finite.
   */
  async run(
    rows: readonly Row[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Likelihood[][]> {
    const length = Math.max(...rows.map(({ ids }) => ids.length))
    const size = rows.length * length
    const arrays = {
      ids: new Int32Array(size),
      positions: new Int32Array(size),
      // Padding is a branch of its own, which nothing else sees.
      branches: new Int32Array(size).fill(-1),
    }
    for (const [i, row] of rows.entries()) {
      arrays.ids.set(row.ids, i * length)
      arrays.positions.set(row.positions, i * length)
      arrays.branches.set(row.branches, i * length)
    }
    const after = rows.flatMap(({ targets }, i) => targets.map(({ after }) => i * length + after))
    const targets = rows.flatMap(({ targets }) => targets.map(({ id }) => id))
    if (targets.length === 0) return rows.map(({ counts }) => counts.map(() => EMPTY))
    const sizes = { batch: rows.length, length, count: targets.length }
    // Bound for one run: batches have many sizes, and workers run side by side.
    const bound = this.#compiled.bind({}, sizes)
    try {
      await bound.run({ ...arrays, after, targets }, signal ? { signal } : {})
      const losses = (await bound.read('losses')) as Float32Array
      const ranks = (await bound.read('ranks')) as Float32Array
      if (nonFiniteOf(losses) !== undefined) throw await this.#compiled.fault('losses')
      let start = 0
      return rows.map(({ counts }) =>
        counts.map((count) => {
          const end = start + count
          const likelihood = count > 0 ? gatherUp(losses, ranks, start, end) : EMPTY
          start = end
          return likelihood
        }),
      )
    } finally {
      bound.dispose()
    }
  }

  dispose(): void {
    this.#compiled.dispose()
  }
}

/** A choice of no tokens, all of whose characters the tokenizer drops, is never an answer. */
const EMPTY: Likelihood = { logProbability: Number.NEGATIVE_INFINITY, isGreedy: false, tokens: 0 }

function gatherUp(
  losses: Float32Array,
  ranks: Float32Array,
  start: number,
  end: number,
): Likelihood {
  let [logProbability, isGreedy] = [0, true]
  for (let i = start; i < end; i++) {
    logProbability -= losses[i] as number
    isGreedy &&= ranks[i] === 1
  }
  return { logProbability, isGreedy, tokens: end - start }
}

/** `losses` and `ranks` (count): of each target, and how many tokens are as likely or likelier. */
function likelihoodGraph(model: Decoder) {
  const shape = ['batch', 'length']
  const [ids, positions, branches] = ['ids', 'positions', 'branches'].map((name) =>
    input(name, 'int32', shape),
  ) as [ReturnType<typeof input>, ReturnType<typeof input>, ReturnType<typeof input>]
  const after = input('after', 'int32', ['count'])
  const targets = input('targets', 'int32', ['count'])
  const hidden = model.hidden(ids, { positions, attentionBias: branchBias(branches) })
  const flat = reshape(hidden, [productOf(shape), model.config.dim])
  const logits = model.logits(gather(flat, after))
  const ofTarget = gatherElements(logits, reshape(targets, ['count', 1]), 1)
  return {
    losses: crossEntropy(logits, targets),
    ranks: sum(cast(greaterEqual(logits, ofTarget), 'float32'), 1),
  }
}
