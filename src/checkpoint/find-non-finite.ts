import { createModel } from '../models/model.ts'
import { findNonFinite, type NonFinite, nonFiniteOf } from '../runtime/non-finite.ts'
import type { AdapterFolder } from './adapter-folder.ts'
import type { ModelFolder } from './model-folder.ts'
import { openModelFolder } from './open-model-folder.ts'

/**
 * The first tensor of a model on the disk, or of the adapters that it runs with, that holds NaN or
 * an infinity. Reads one tensor at a time.
 */
export async function findNonFiniteWeights(
  folder: ModelFolder,
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
  const source = await openModelFolder(folder)
  try {
    const found = await findNonFinite(createModel(folder.config).parameters().keys(), source.read)
    return found && { ...found, name: `${found.name} of ${folder.folder}` }
  } finally {
    await source.close()
  }
}
