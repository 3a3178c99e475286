import type { Bound } from '../runtime/bound.ts'
import type { DeviceTensor } from '../runtime/engine.ts'

/** Milliseconds for which a run may block the event loop. */
const BRIEF = 20

/** The decode program bound to some sequences of a cache: each run adds `length` tokens to each. */
export class DecodeBinding {
  readonly batch: number
  readonly length: number
  readonly #bound: Bound
  readonly #views: readonly DeviceTensor[]
  readonly #logits: Float32Array[]
  readonly #positions: Int32Array
  readonly #last: Int32Array
  readonly #total = new Int32Array(1)
  /** Duration of the last run. */
  #milliseconds = Number.POSITIVE_INFINITY

  /**
   * `bound` has ids (batch, length), positions (batch, length) if the model reads them,
   * lastPosition (batch), total (), logitRows (rows): which of the batch's tokens to compute logits
   * for, and logits (rows, V). Takes over `bound` and `views`.
   */
  constructor(bound: Bound, views: readonly DeviceTensor[]) {
    const { ids, logitRows, logits } = bound.tensors
    const [batch = 0, length = 0] = ids?.shape ?? []
    this.batch = batch
    this.length = length
    this.#bound = bound
    this.#views = views
    this.#positions = new Int32Array(batch * length)
    this.#last = new Int32Array(batch)
    this.#logits = logits?.data ? splitRows(logits.data as Float32Array, logits.shape) : []
    bound.write({ logitRows: Array.from({ length: logitRows?.size ?? 0 }, (_, i) => i) })
  }

  /**
   * Runs on `ids` (batch, length), which follow `before` (batch) tokens of each sequence. Resolves
   * with logits, (V) each, which stay valid until the next run.
   */
  async run(
    ids: Int32Array,
    before: Int32Array,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<readonly Float32Array[]> {
    const { batch, length } = this
    let longest = 0
    for (let row = 0; row < batch; row++) {
      const start = before[row] as number
      this.#last[row] = start + length - 1
      longest = Math.max(longest, start + length)
      for (let i = 0; i < length; i++) this.#positions[row * length + i] = start + i
    }
    this.#total[0] = longest
    const [positions, lastPosition, total] = [this.#positions, this.#last, this.#total]
    this.#bound.write({ ids, positions, lastPosition, total })
    await this.#compute(signal)
    const logits = this.#bound.tensors.logits as DeviceTensor
    if (logits.data || logits.size === 0) return this.#logits
    return splitRows((await logits.read()) as Float32Array, logits.shape)
  }

  /**
   * Runs off the event loop, unless the last run was brief: handing it to another thread would then
   * take a good part of the time, so it runs here, after other tasks had their turn.
   */
  async #compute(signal: AbortSignal | undefined): Promise<void> {
    const { runSync } = this.#bound
    if (runSync && this.#milliseconds < BRIEF) {
      await new Promise(setImmediate)
      signal?.throwIfAborted()
      const started = performance.now()
      runSync()
      this.#milliseconds = performance.now() - started
    } else {
      const started = performance.now()
      await this.#bound.run({}, { signal })
      this.#milliseconds = performance.now() - started
    }
  }

  dispose(): void {
    this.#bound.dispose()
    for (const view of this.#views) view.dispose()
  }
}

/** (N, V) -> N views (V). */
function splitRows(values: Float32Array, shape: readonly number[]): Float32Array[] {
  const [rows = 0, size = 0] = shape
  return Array.from({ length: rows }, (_, i) => values.subarray(i * size, (i + 1) * size))
}
