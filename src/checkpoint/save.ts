import { openFile } from '../files/node-file.ts'
import { writeFileAside, writeFolderAside } from '../files/write-aside.ts'
import { type ModelFilesOptions, modelFiles } from '../formats/huggingface/model-files.ts'
import {
  encodeSafetensors,
  floatsToWrite,
  openSafetensors,
} from '../formats/safetensors/safetensors.ts'
import type { Tensors } from '../runtime/bound.ts'

/**
 * Saves a model as a folder in Hugging Face's layout, which `load` opens. Throws UserError where
 * something stands there already.
 */
export const saveModel = (out: string, options: ModelFilesOptions): Promise<void> =>
  writeFolderAside(out, modelFiles(options))

/**
 * Saves float32 tensors, such as a trainer's `parameters`, in one safetensors file: the weights of
 * a model of your own. Throws UserError where something stands there already.
 */
export const saveTensors = (file: string, tensors: Tensors): Promise<void> =>
  writeFileAside(
    file,
    encodeSafetensors(Object.entries(tensors).map(([name, tensor]) => floatsToWrite(name, tensor))),
  )

/** Reads the tensors of a safetensors file as float32, row by row. Throws UserError. */
export async function loadTensors(file: string): Promise<Record<string, Float32Array>> {
  const weights = await openSafetensors(await openFile(file), file)
  try {
    const tensors: Record<string, Float32Array> = {}
    for (const name of weights.tensors.keys()) tensors[name] = await weights.readFloat32(name)
    return tensors
  } finally {
    await weights.close()
  }
}
