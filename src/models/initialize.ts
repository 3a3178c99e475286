import { INITIALIZATIONS, type Initialization, type Module } from '../nn/index.ts'
import type { Random } from '../random.ts'

/**
 * Fills the memory of every parameter with its starting values, in the order of the model's fields.
 * `scheme`: what matrices and embeddings are drawn by, in place of the layers' own.
 */
export function initialize(
  model: Module,
  random: Random,
  memory: (name: string) => Float32Array,
  scheme: Initialization = 'lecun',
): void {
  for (const [name, { shape, initializer }] of model.parameters()) {
    const values = memory(name)
    const { scale } = initializer
    if (scheme === 'lecun' || scale === undefined) {
      initializer(values, shape, random)
      continue
    }
    INITIALIZATIONS[scheme](values, shape, random)
    if (scale !== 1) for (let i = 0; i < values.length; i++) (values[i] as number) *= scale
  }
}
