import { architectureNamed } from '../formats/huggingface/config.ts'
import { parameterReader, refuseOtherCopies } from '../formats/huggingface/weights.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { createModel } from '../models/model.ts'
import { openGgufModel } from './gguf-file.ts'
import { type ModelFolder, readModelFolder } from './model-folder.ts'

/** Opens a folder in Hugging Face's layout. Throws UserError with the file and the field. */
export const openFolderModel = async (folder: string): Promise<OpenModel> =>
  openModelFolder(await readModelFolder(folder))

/** Opens the weights of a folder that was read already. */
export async function openModelFolder(found: ModelFolder): Promise<OpenModel> {
  if (!found.openWeights) return openGgufModel(found.folder)
  const architecture = architectureNamed(found.architecture)
  if (!architecture) throw new Error(`${found.architecture} is no architecture`)
  const model = createModel(found.config)
  const weights = await found.openWeights()
  try {
    await refuseOtherCopies(architecture, model, weights)
  } catch (error) {
    await weights.close()
    throw error
  }
  return {
    ...found,
    read: parameterReader(architecture, model, weights),
    close: () => weights.close(),
  }
}
