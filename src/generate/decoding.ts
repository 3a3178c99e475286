import type { AdapterLease } from './adapter-slots.ts'
import type { DecodeBinding } from './decode-binding.ts'
import type { DecodeBindingOptions, DecodeProgram } from './decode-program.ts'
import { KeyValueCache } from './key-value-cache.ts'
import type { SourceCache } from './source-cache.ts'

/** Prompt tokens read at once: enough for efficient matrix products. */
const CHUNK = 256

export interface DecodingOptions {
  sequences: number
  capacity: number
  source?: SourceCache
  adapters?: AdapterLease
}

/** The caches of a decoding. */
interface Memory extends Pick<DecodingOptions, 'source' | 'adapters'> {
  cache: KeyValueCache
}

interface RunOptions {
  signal?: AbortSignal
}

/**
 * Sequences that are decoded together. Their lengths may differ. A sequence that ends gives up its
 * row, so that no step computes rows that are not needed.
 */
export class Decoding {
  readonly #program: DecodeProgram
  readonly #memory: Memory
  readonly #ownsMemory: boolean
  /** Bindings by their sequences, the tokens of each, and the rotary tables. */
  readonly #bindings = new Map<string, DecodeBinding>()
  readonly #lengths: Int32Array
  #count: number

  private constructor(program: DecodeProgram, memory: Memory, ownsMemory: boolean) {
    this.#program = program
    this.#memory = memory
    this.#ownsMemory = ownsMemory
    this.#lengths = new Int32Array(memory.cache.batch)
    this.#count = memory.cache.batch
  }

  /**
   * Creates `sequences` empty ones; `capacity`, the tokens of each, is at most the model's context.
   * Takes over `source` and `adapters`.
   */
  static create(program: DecodeProgram, options: DecodingOptions): Decoding {
    const { sequences, capacity, source, adapters } = options
    const cache = new KeyValueCache(program.engine, program.stack, sequences, capacity)
    return new Decoding(program, { cache, source, adapters }, true)
  }

  /** A decoding of another program on the same memory, to be disposed before this one. */
  sharedWith(program: DecodeProgram): Decoding {
    return new Decoding(program, this.#memory, false)
  }

  /** Sequences that have not ended: rows 0 .. count - 1. */
  get count(): number {
    return this.#count
  }

  /** Tokens that fit in a sequence. */
  get capacity(): number {
    return this.#memory.cache.capacity
  }

  /** Tokens that a sequence has read. */
  length(row: number): number {
    return this.#lengths[row] ?? 0
  }

  /** Reads tokens of one sequence, in chunks, without computing logits. */
  async read(row: number, ids: ArrayLike<number>, options: RunOptions = {}): Promise<void> {
    this.#checkRoom(row, ids.length)
    for (let start = 0; start < ids.length; start += CHUNK) {
      const chunk = Int32Array.from(
        { length: Math.min(CHUNK, ids.length - start) },
        (_, i) => ids[start + i] as number,
      )
      const longest = this.length(row) + chunk.length
      const binding = this.#bind({
        first: row,
        batch: 1,
        length: chunk.length,
        longest,
        logits: false,
      })
      try {
        await binding.run(chunk, this.#lengths.subarray(row, row + 1), options)
      } finally {
        binding.dispose()
      }
      this.#lengths[row] = this.length(row) + chunk.length
    }
  }

  /**
   * Reads one token of every sequence, `ids` (count). Resolves with the logits of the next, (V)
   * each, valid until the next step.
   */
  async step(ids: Int32Array, options: RunOptions = {}): Promise<readonly Float32Array[]> {
    const count = this.#count
    for (let row = 0; row < count; row++) this.#checkRoom(row, 1)
    const binding = this.#bindingOf(0, count, 1)
    const logits = await binding.run(ids, this.#lengths.subarray(0, count), options)
    await this.#program.check(logits)
    for (let row = 0; row < count; row++) this.#lengths[row] = this.length(row) + 1
    return logits
  }

  /**
   * Reads tokens of one sequence at once. Resolves with the logits after each, (V) each, valid
   * until the next step.
   */
  async readAll(
    row: number,
    ids: readonly number[],
    options: RunOptions = {},
  ): Promise<readonly Float32Array[]> {
    this.#checkRoom(row, ids.length)
    const before = this.#lengths.subarray(row, row + 1)
    const logits = await this.#bindingOf(row, 1, ids.length).run(
      Int32Array.from(ids),
      before,
      options,
    )
    await this.#program.check(logits)
    this.#lengths[row] = this.length(row) + ids.length
    return logits
  }

  /** Truncates a sequence to its first `length` cached tokens. */
  seek(row: number, length: number): void {
    this.#lengths[row] = length
  }

  /** Overwrites what sequence `to` has read by what `from` has, from token `first` on. */
  copyRow(from: number, to: number, first = 0): void {
    this.#memory.cache.copyRow(from, to, first, this.length(from))
    this.#lengths[to] = this.length(from)
  }

  /** Removes a sequence; the last one moves to its row. */
  remove(row: number): void {
    this.#count--
    const length = this.length(this.#count)
    if (row !== this.#count) {
      this.#memory.cache.copyRow(this.#count, row, 0, length)
      this.#memory.source?.copyRow(this.#count, row)
    }
    this.#lengths[row] = length
  }

  dispose(): void {
    for (const binding of this.#bindings.values()) binding.dispose()
    if (!this.#ownsMemory) return
    const { cache, source, adapters } = this.#memory
    cache.dispose()
    source?.dispose()
    adapters?.release()
  }

  #bindingOf(first: number, batch: number, length: number): DecodeBinding {
    const longest = this.#lengths.subarray(first, first + batch).reduce((a, b) => Math.max(a, b))
    const all = { first, batch, length, longest: longest + length }
    const key = `${first} ${batch} ${length} ${this.#program.rotary.rows(all.longest)}`
    const binding = this.#bindings.get(key) ?? this.#bind({ ...all, logits: true })
    this.#bindings.set(key, binding)
    return binding
  }

  #bind(options: Omit<DecodeBindingOptions, 'cache' | 'source' | 'adapters'>): DecodeBinding {
    const { cache, source, adapters } = this.#memory
    return this.#program.bind({ cache, source, adapters: adapters?.tensors, ...options })
  }

  #checkRoom(row: number, tokens: number): void {
    const needed = this.length(row) + tokens
    if (needed > this.capacity)
      throw new RangeError(
        `sequence ${row}: ${needed} tokens do not fit a cache of ${this.capacity}`,
      )
  }
}
