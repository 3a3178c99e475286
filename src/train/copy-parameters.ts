import { drawRows } from '../checkpoint/grow-vocabulary.ts'
import { readParameters } from '../checkpoint/load-parameters.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { createModel } from '../models/model.ts'
import type { Tensors } from '../runtime/bound.ts'

/**
 * Fills the parameters of a model from another's files; the vocabulary may have grown, as in
 * `growVocabulary`. Parameters that only one of the two has are left as they are; `body`: those of
 * the heads, too. Throws UserError where a tensor holds NaN or an infinity.
 */
export async function copyParameters(
  from: OpenModel,
  parameters: Tensors,
  { body = false }: { body?: boolean } = {},
): Promise<void> {
  const memory = await readParameters(from, createModel(from.config))
  for (const [name, read] of Object.entries(memory)) {
    const tensor = parameters[name]
    if (!tensor || (body && !name.startsWith('model.'))) continue
    const { size, shape } = tensor
    const all = size === read.length ? read : new Float32Array(size)
    if (all !== read) {
      all.set(read)
      drawRows(all, read.length, shape[1] ?? 1)
    }
    tensor.write(all)
  }
}
