import type { AdapterFolder } from '../formats/peft/adapter-folder.ts'
import { createModel } from '../models/model.ts'
import { findNonFinite, type NonFinite, nonFiniteOf } from '../runtime/non-finite.ts'
import { withModel } from './open-model.ts'

/**
 * The first tensor of the model in `path`, or of the adapters that it runs with, that holds NaN or
 * an infinity. Reads one tensor at a time.
 */
export async function findNonFiniteWeights(
  path: string,
  adapters: readonly AdapterFolder[] = [],
): Promise<NonFinite | undefined> {
  for (const { adapter } of adapters) {
    const tensors = [
      ...[...adapter.updates].flatMap(([module, { down, up }]): [string, Float32Array][] => [
        [`${module}.lora_A.weight`, down],
        [`${module}.lora_B.weight`, up],
      ]),
      ...[...adapter.replaced].map(([name, { values }]) => [name, values] as const),
    ]
    for (const [name, values] of tensors) {
      const value = nonFiniteOf(values)
      if (value !== undefined) return { name: `${name} of ${adapter.name}`, value }
    }
  }
  const found = await withModel(
    path,
    ({ config, read }) => findNonFinite(createModel(config).parameters().keys(), read),
    { isQuiet: true },
  )
  return found && { ...found, name: `${found.name} of ${path}` }
}
