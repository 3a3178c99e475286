import { descriptionFiles } from '../../checkpoint/model-files.ts'
import type { OpenModel } from '../../checkpoint/open-model.ts'
import { writeFolderAside } from '../../files/write-aside.ts'
import { encodeSafetensors, type TensorToWrite } from '../../models/files/safetensors.ts'
import { shardTensors } from '../../models/files/sharded.ts'
import { familyOf } from '../../models/huggingface/config.ts'
import { exportTensors } from '../../models/huggingface/weights.ts'
import { createModel } from '../../models/model.ts'
import { HUGGINGFACE_DTYPES, type HuggingFaceDtype } from './huggingface-dtypes.ts'

/**
 * Writes a folder in Hugging Face's layout, its weights spread over files of at most `shardBytes`. Throws
 * UserError where it cannot be written.
 */
export async function writeHuggingFace(
  source: OpenModel,
  out: string,
  { dtype, shardBytes }: { dtype: HuggingFaceDtype; shardBytes: number },
): Promise<void> {
  const { config, read } = source
  const { dtype: stored, torch } = HUGGINGFACE_DTYPES[dtype]
  const tensors = exportTensors(familyOf(config), createModel(config), read).map(
    (tensor): TensorToWrite => ({ ...tensor, dtype: stored }),
  )
  const { shards, index } = shardTensors(tensors, shardBytes)
  await writeFolderAside(out, {
    ...descriptionFiles({ ...source, config, fields: { torch_dtype: torch } }),
    ...Object.fromEntries(
      shards.map(({ file, tensors }) => [file, encodeSafetensors(tensors)] as const),
    ),
    ...(index !== undefined && { 'model.safetensors.index.json': index }),
  })
}
