import { cutExamples, type Examples } from '../../data/batch.ts'
import type { Decoder } from '../../models/decoder.ts'
import { withoutTaps } from '../../nn/index.ts'
import { sampledTokens } from '../../objectives/policy.ts'
import type { Bound, Tensors } from '../../runtime/bound.ts'
import { type Compiled, compile } from '../../runtime/compile.ts'
import type { Engine } from '../../runtime/engine.ts'
import { inParallel, workersOf } from '../../runtime/workers.ts'

/** Tokens of a pass: enough for the matrix products, little enough for the caches. */
const TOKENS = 512

export interface TokenScorerOptions {
  engine: Engine
  model: Decoder
  /** Of the model, by name; read at each call. */
  weights: Tensors
  /** Tokens of a row. */
  length: number
  temperature: number
  /** Without an adapter that is attached to the model, as a reference is. */
  withoutAdapter?: boolean
}

/** Log-probabilities of sampled tokens by a model as it stands. */
export class TokenScorer {
  readonly #compiled: Compiled
  readonly #workers: readonly Bound[]
  readonly #rows: number

  private constructor(compiled: Compiled, workers: number, rows: number) {
    this.#compiled = compiled
    this.#workers = Array.from({ length: workers }, () => compiled.bind())
    this.#rows = rows
  }

  static async create(options: TokenScorerOptions): Promise<TokenScorer> {
    const { engine, model, weights, length, temperature, withoutAdapter } = options
    const rows = Math.max(1, Math.floor(TOKENS / length))
    const build = () => sampledTokens(model, { rows, length, temperature }).logProbabilities
    const logProbabilities = withoutAdapter ? withoutTaps(model, build) : build()
    const workers = workersOf(engine)
    const compiled = await compile(
      engine,
      { logProbabilities },
      {
        weights: { live: weights },
        threading: workers > 1 ? 'caller' : 'pool',
        label: 'log-probabilities',
      },
    )
    return new TokenScorer(compiled, workers, rows)
  }

  /** (rows, length): of each target; 0 where none is. Throws the signal's reason if aborted. */
  async score(examples: Examples, signal?: AbortSignal): Promise<Float32Array> {
    const { rows, length } = examples
    const parts = cutExamples(examples, this.#rows)
    const result = new Float32Array(parts.length * this.#rows * length)
    const workers = this.#workers.length
    await inParallel(workers, parts, async (feeds, i) => {
      const worker = this.#workers[i % workers] as Bound
      await worker.run(feeds, { signal })
      result.set((await worker.read('logProbabilities')) as Float32Array, i * this.#rows * length)
    })
    return result.slice(0, rows * length)
  }

  dispose(): void {
    for (const worker of this.#workers) worker.dispose()
    this.#compiled.dispose()
  }
}
