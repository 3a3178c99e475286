import { join } from 'node:path'
import { openFile } from '../../files/node-file.ts'
import { withScales } from './int8.ts'
import type { Weights } from './safetensors.ts'
import { openWeights } from './sharded.ts'

/** The weights of a model folder on disk, see `openWeights`; int8 matrices with their scales. */
export const openFolderWeights = async (folder: string): Promise<Weights> => {
  const weights = await openWeights(async (file) => {
    try {
      return await openFile(join(folder, file))
    } catch (error) {
      if (((error as Error).cause as NodeJS.ErrnoException)?.code === 'ENOENT') return undefined
      throw error
    }
  })
  return withScales(weights)
}
