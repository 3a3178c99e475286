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
    const view = (tensor: DeviceTensor) => {
      if (count === this.batch) return tensor
      const [, ...row] = tensor.shape
      return tensor.slice((first * tensor.size) / this.batch, [count, ...row])
    }
    return Object.fromEntries([...this.#tensors].map(([name, tensor]) => [name, view(tensor)]))
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
