import { writeFolderAside } from '../../files/write-aside.ts'
import { createModel } from '../../models/model.ts'
import type { OpenModel } from '../open-model.ts'
import { HUGGINGFACE_DTYPES, type HuggingFaceDtype } from '../safetensors/header.ts'
import { encodeSafetensors, type TensorToWrite } from '../safetensors/safetensors.ts'
import { shardTensors } from '../safetensors/sharded.ts'
import { architectureOf } from './config.ts'
import { descriptionFiles } from './model-files.ts'
import { exportTensors } from './weights.ts'

/**
 * Writes a folder in Hugging Face's layout, its weights spread over files of at most `shardBytes`.
 * Throws UserError where it cannot be written.
 */
export async function writeHuggingFace(
  source: OpenModel,
  out: string,
  { dtype, shardBytes }: { dtype: HuggingFaceDtype; shardBytes: number },
): Promise<void> {
  const { config, read } = source
  const { dtype: stored, torch } = HUGGINGFACE_DTYPES[dtype]
  const tensors = exportTensors(architectureOf(config), createModel(config), read).map(
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
