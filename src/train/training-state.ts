import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { Files } from '../files/folder.ts'
import { openFile } from '../files/node-file.ts'
import {
  encodeSafetensors,
  floatsToWrite,
  openSafetensors,
} from '../formats/safetensors/safetensors.ts'
import type { Tensors } from '../runtime/bound.ts'

/** What a resumed training needs besides the model: where it stands. */
export interface Progress {
  step: number
  /** Position of the batch reader. */
  reader: unknown
  /** Best validation loss so far, and evaluations since. */
  best: number | null
  sinceBest: number
  /** Step of the model in the folder. */
  bestStep: number
  /** Whether the step is still to be validated, since an abort came before. */
  due: boolean
  /** Seconds of training so far. */
  seconds: number
  /** Updates of the whole training. */
  steps: number
  /** What a resumed run must share, by name: the model, the data. */
  identity: Record<string, unknown>
  /** The options that were asked for; see `on-resume.ts`. */
  options: Record<string, unknown>
}

const progressSchema = z.object({
  step: z.number().int().nonnegative(),
  reader: z.unknown(),
  best: z.number().nullable(),
  sinceBest: z.number().int().nonnegative(),
  bestStep: z.number().int().nonnegative(),
  due: z.boolean().default(false),
  seconds: z.number().nonnegative(),
  steps: z.number().int().positive(),
  identity: z.record(z.string(), z.unknown()),
  options: z.record(z.string(), z.unknown()).default({}),
})

const STATE = 'training_state.json'
const VECTORS = 'training_state.safetensors'

/** The files of a checkpoint beside the model's own: progress, and every vector to the last bit. */
export function trainingFiles(progress: Progress, vectors: ReadonlyMap<string, Tensors>): Files {
  const tensors = [...vectors].flatMap(([kind, vector]) =>
    Object.entries(vector).map(([name, tensor]) => floatsToWrite(`${kind}/${name}`, tensor)),
  )
  return {
    [STATE]: `${JSON.stringify(progress, null, 2)}\n`,
    [VECTORS]: encodeSafetensors(tensors),
  }
}

/** Reads the progress of a checkpoint folder. Throws UserError when it cannot be resumed from. */
export async function readProgress(folder: string): Promise<Progress> {
  const path = join(folder, STATE)
  try {
    return progressSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** Fills every vector from a checkpoint folder. Throws UserError naming what does not fit. */
export async function restoreVectors(
  folder: string,
  vectors: ReadonlyMap<string, Tensors>,
): Promise<void> {
  const path = join(folder, VECTORS)
  const weights = await openSafetensors(await openFile(path), path)
  try {
    for (const [kind, vector] of vectors)
      for (const [name, tensor] of Object.entries(vector))
        tensor.write(await weights.readFloat32(`${kind}/${name}`))
  } finally {
    await weights.close()
  }
}
