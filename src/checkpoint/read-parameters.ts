import type { Model } from '../models/model.ts'
import { parameterMemory } from '../models/parameter-memory.ts'
import { refuseNonFinite } from '../runtime/non-finite.ts'
import type { ModelFolder } from './model-folder.ts'

/**
 * All parameters of a folder's model in memory, to be trained, merged or written elsewhere. Throws
 * UserError where a tensor holds NaN or an infinity.
 */
export async function readParameters(
  { fill, folder }: ModelFolder,
  model: Model,
): Promise<Record<string, Float32Array>> {
  const memory = parameterMemory(model)
  await fill((name) => memory[name] as Float32Array)
  for (const [name, values] of Object.entries(memory))
    refuseNonFinite(`${name} of ${folder}`, values)
  return memory
}
