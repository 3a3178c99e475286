import type { Module } from '../nn/index.ts'
import type { Random } from '../random.ts'

/** Fills the memory of every parameter with its starting values, in the order of the model's fields. */
export function initialize(
  model: Module,
  random: Random,
  memory: (name: string) => Float32Array,
): void {
  for (const [name, parameter] of model.parameters())
    parameter.initializer(memory(name), parameter.shape, random)
}
