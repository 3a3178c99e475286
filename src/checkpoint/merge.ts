import { z } from 'zod'
import { expectEmpty } from '../files/write-aside.ts'
import { writeHuggingFace } from '../formats/huggingface/write.ts'
import { withFiniteWeights } from '../formats/open-model.ts'
import { readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { parseOptions } from '../options.ts'
import { withModel } from './open-model.ts'
import { withAdapters } from './with-adapters.ts'

export const mergeOptions = z.strictObject({
  /** Folder of the model. */
  model: z.string().min(1),
  /** Folders of LoRA adapters; their updates add up. */
  adapter: z.array(z.string().min(1)).min(1),
  /** Folder of the result. */
  out: z.string().min(1),
})

export type MergeOptions = z.input<typeof mergeOptions>

export interface MergeResult {
  out: string
  /** Matrices of the file that were updated. */
  matrices: number
}

/**
 * Writes a model's folder with adapters added to its weights, W + scale B A: a whole model, which
 * runs as any other. Throws UserError with the option or the file at fault.
 */
export async function merge(options: MergeOptions): Promise<MergeResult> {
  const { model: path, adapter, out } = parseOptions(mergeOptions, options)
  await expectEmpty(out)
  return withModel(path, async (base) => {
    const folders = await Promise.all(adapter.map(readAdapterFolder))
    const merged = withFiniteWeights(withAdapters(base, folders, { merge: true }))
    await writeHuggingFace(merged, out, { dtype: 'f32', shardBytes: Number.POSITIVE_INFINITY })
    const names = new Set(folders.flatMap(({ adapter: { updates } }) => [...updates.keys()]))
    return { out, matrices: names.size }
  })
}
