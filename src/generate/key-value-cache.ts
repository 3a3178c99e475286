import { cachedHeadDim } from '../graph/index.ts'
import type { StackConfig } from '../models/stack-config.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { together } from '../runtime/together.ts'

/**
 * Keys and values of the tokens that a batch of sequences has read: for every layer
 * `cache.{layer}.keys` and `.values`, each (batch, kvHeads, capacity, headDim).
 */
export class KeyValueCache {
  /** Tokens that fit in a sequence. */
  readonly capacity: number
  readonly batch: number
  readonly #tensors = new Map<string, DeviceTensor>()

  /** Throws for a batch above 1 on an engine whose tensors cannot be sliced. */
  constructor(engine: Engine, config: StackConfig, batch: number, capacity: number) {
    if (batch > 1 && !engine.hostMemory)
      throw new Error(`${engine.name} decodes one sequence at a time, not ${batch}`)
    const { layers, kvHeads, headDim, positions } = config
    const shape = [batch, kvHeads, capacity, cachedHeadDim(headDim, positions === 'rotary')]
    this.batch = batch
    this.capacity = capacity
    together((track) => {
      for (let layer = 0; layer < layers; layer++)
        for (const part of ['keys', 'values'])
          this.#tensors.set(`cache.${layer}.${part}`, track(engine.tensor('float32', shape)))
    })
  }

  /** Views of `count` sequences from `first` on, by name. */
  rows(first: number, count: number): Record<string, DeviceTensor> {
    return rowsOf(this.#tensors, first, count)
  }

  /** Copies tokens `first` .. `end` - 1 of sequence `from` to `to`. */
  copyRow(from: number, to: number, first: number, end: number): void {
    for (const { data, shape } of this.#tensors.values()) {
      const [, heads = 0, capacity = 0, size = 0] = shape
      const start = (row: number, head: number) => (row * heads + head) * capacity * size
      for (let head = 0; head < heads; head++) {
        const source = start(from, head)
        data?.copyWithin(start(to, head) + first * size, source + first * size, source + end * size)
      }
    }
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose()
  }
}

/** Views of rows `first` .. `first + count - 1` of tensors (batch, ...). */
export const rowsOf = (
  tensors: Iterable<readonly [name: string, tensor: DeviceTensor]>,
  first: number,
  count: number,
): Record<string, DeviceTensor> =>
  Object.fromEntries(
    Array.from(tensors, ([name, tensor]) => {
      const [batch = 0, ...row] = tensor.shape
      if (count === batch) return [name, tensor]
      return [name, tensor.slice((first * tensor.size) / batch, [count, ...row])]
    }),
  )
