import type { Binding, DeviceTensor } from '../runtime/engine.ts'

/** Where a step's inputs and outputs lie. */
export interface DecodeTensors {
  /** (batch, length) */
  ids: DeviceTensor
  /** (batch, length); only where they are needed. */
  positions?: DeviceTensor
  /** (batch) */
  lastPosition: DeviceTensor
  /** () */
  total: DeviceTensor
  /** (rows): the tokens, of all in the batch, whose logits are wanted. */
  logitRows: DeviceTensor
  /** (rows, V) */
  logits: DeviceTensor
}

/** Milliseconds for which the event loop may be held up. */
const BRIEF = 20

/** The decode program bound to some sequences of a cache: each run adds `length` tokens to each. */
export class DecodeBinding {
  readonly batch: number
  readonly length: number
  readonly #tensors: DecodeTensors
  readonly #binding: Binding
  readonly #views: readonly DeviceTensor[]
  readonly #logits: Float32Array[]
  readonly #positions: Int32Array
  readonly #last: Int32Array
  readonly #total = new Int32Array(1)
  /** What the last run took. */
  #milliseconds = Number.POSITIVE_INFINITY

  /** Disposes `tensors` and `views` with itself. */
  constructor(tensors: DecodeTensors, binding: Binding, views: readonly DeviceTensor[]) {
    const [batch, length] = tensors.ids.shape as [number, number]
    this.batch = batch
    this.length = length
    this.#tensors = tensors
    this.#binding = binding
    this.#views = views
    this.#positions = new Int32Array(batch * length)
    this.#last = new Int32Array(batch)
    const { data } = tensors.logits
    this.#logits = data ? splitRows(data as Float32Array, tensors.logits.shape) : []
  }

  /**
   * Runs on `ids` (batch, length), which follow `before` (batch) tokens of each sequence. The
   * logits that were asked for, (V) each, stay valid until the next run.
   */
  async run(
    ids: Int32Array,
    before: Int32Array,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<readonly Float32Array[]> {
    const { batch, length } = this
    const { positions, lastPosition, total, logits } = this.#tensors
    this.#tensors.ids.write(ids)
    let longest = 0
    for (let row = 0; row < batch; row++) {
      const start = before[row] as number
      this.#last[row] = start + length - 1
      longest = Math.max(longest, start + length)
      for (let i = 0; i < length; i++) this.#positions[row * length + i] = start + i
    }
    this.#total[0] = longest
    positions?.write(this.#positions)
    lastPosition.write(this.#last)
    total.write(this.#total)
    await this.#compute(signal)
    if (logits.data || logits.size === 0) return this.#logits
    return splitRows((await logits.read()) as Float32Array, logits.shape)
  }

  /**
   * Off the event loop, unless the last run was brief: then on it, since handing over would cost a
   * good part of the time, and after others have had their turn.
   */
  async #compute(signal: AbortSignal | undefined): Promise<void> {
    const { runSync } = this.#binding
    if (runSync && this.#milliseconds < BRIEF) {
      await new Promise(setImmediate)
      signal?.throwIfAborted()
      const started = performance.now()
      runSync()
      this.#milliseconds = performance.now() - started
    } else {
      const started = performance.now()
      await this.#binding.run({ signal })
      this.#milliseconds = performance.now() - started
    }
  }

  dispose(): void {
    this.#binding.dispose()
    for (const tensor of [...Object.values(this.#tensors), ...this.#views]) tensor?.dispose()
  }
}

/** (N, V) -> N times (V), of the same memory. */
function splitRows(values: Float32Array, shape: readonly number[]): Float32Array[] {
  const [rows = 0, size = 0] = shape
  return Array.from({ length: rows }, (_, i) => values.subarray(i * size, (i + 1) * size))
}
