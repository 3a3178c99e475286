import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { together } from '../runtime/together.ts'
import { rowsOf } from './key-value-cache.ts'

/**
 * Keys and values of the sources of a batch, for cross-attention, by the names of the decode
 * program's inputs: `source.{layer}.keys` and `.values`, (batch, kvHeads, source, headDim) each,
 * and `source.bias`, (batch, 1, 1, source).
 */
export class SourceCache {
  readonly batch: number
  readonly #tensors: Readonly<Record<string, DeviceTensor>>

  /** Takes over the tensors. */
  constructor(tensors: Readonly<Record<string, DeviceTensor>>, batch: number) {
    this.#tensors = tensors
    this.batch = batch
  }

  /** Views of `count` sequences from `first` on, by name. */
  rows(first: number, count: number): Record<string, DeviceTensor> {
    return rowsOf(Object.entries(this.#tensors), first, count)
  }

  /** Copies the source of sequence `from` to `to`. */
  copyRow(from: number, to: number): void {
    for (const { data, size } of Object.values(this.#tensors)) {
      const row = size / this.batch
      data?.copyWithin(to * row, from * row, (from + 1) * row)
    }
  }

  /** Repeats the source of a batch of one for a batch of `count`. */
  repeated(engine: Engine, count: number): SourceCache {
    return together((track) => {
      const tensors = Object.entries(this.#tensors).map(([name, { data, dtype, shape, size }]) => {
        const tensor = track(engine.tensor(dtype, [count, ...shape.slice(1)]))
        const rows = tensor.data as Float32Array
        for (let row = 0; row < count; row++) rows.set(data as Float32Array, row * size)
        return [name, tensor] as const
      })
      return new SourceCache(Object.fromEntries(tensors), count)
    })
  }

  dispose(): void {
    for (const tensor of Object.values(this.#tensors)) tensor.dispose()
  }
}
