import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileError, ifThere } from './file-error.ts'
import { type Files, syncFolder, writeFolder } from './folder.ts'
import { makeFolder } from './make-folder.ts'

/** What depends on all other files: a model's weights, or an adapter's. */
const WEIGHTS: readonly string[] = ['model.safetensors', 'adapter_model.safetensors']
/** A new set of files, whole, on its way into the folder around it; see `readWhole`. */
export const PENDING = '.promote'
/** A set that is not whole yet, links to the pending one that are moved in, one that is done. */
const [ASIDE, MOVING, DONE] = ['.tmp-promote', '.tmp-moving', '.tmp-promoted'] as const

/**
 * Replaces the files of a model folder (config.json, tokenizer.json, model.safetensors, ...), which
 * this process alone writes, so that a kill at any instant leaves one whole model to `readWhole`.
 *
 * All is first written aside. Where only the weights changed, as from step to step of one training,
 * one rename replaces them. Otherwise one rename makes the new set pending, and `finishPromotion`
 * moves it in. Throws UserError when the disk is full or the folder cannot be written; then nothing
 * has changed.
 */
export const promote = async (folder: string, files: Files): Promise<void> => {
  await makeFolder(folder)
  await finishPromotion(folder)
  const aside = join(folder, ASIDE)
  await writeFolder(aside, files)
  try {
    if (await onlyWeightsDiffer(aside, folder)) {
      for (const name of await weightsIn(aside)) await rename(join(aside, name), join(folder, name))
      await syncFolder(folder)
      await rm(aside, { recursive: true })
      return
    }
    await rename(aside, join(folder, PENDING))
    await syncFolder(folder)
  } catch (error) {
    throw fileError(error, `cannot replace the model in ${folder}`)
  }
  await finishPromotion(folder)
}

/**
 * Completes a promotion that was killed midway, and removes what others left. For whoever writes
 * the folder: a reader changes nothing.
 *
 * The pending set stays whole until all of it is moved in. For programs that do not know of it, the
 * old weights go first and the new ones come last: there are never weights beside another's
 * configuration.
 */
export const finishPromotion = async (folder: string): Promise<void> => {
  const pending = join(folder, PENDING)
  const moving = join(folder, MOVING)
  try {
    for (const left of [ASIDE, MOVING, DONE])
      await rm(join(folder, left), { recursive: true, force: true })
    const names = await filesIn(pending).catch((error) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (!names) return
    const copies = names.map((name) => [name, { copyOf: join(pending, name) }] as const)
    await writeFolder(moving, Object.fromEntries(copies))
    const weights = names.filter((name) => WEIGHTS.includes(name))
    const others = names.filter((name) => !WEIGHTS.includes(name))
    for (const name of weights) await rm(join(folder, name), { force: true })
    if (weights.length > 0) await syncFolder(folder)
    for (const group of [others, weights]) {
      for (const name of group) {
        await makeFolder(dirname(join(folder, name)))
        await rename(join(moving, name), join(folder, name))
      }
      for (const inner of new Set(['.', ...group.map(dirname)]))
        await syncFolder(join(folder, inner))
    }
    await rename(pending, join(folder, DONE))
    // A rename between two links to one file does nothing, and leaves the first.
    for (const left of [MOVING, DONE]) await rm(join(folder, left), { recursive: true })
  } catch (error) {
    throw fileError(error, `cannot finish replacing the model in ${folder}`)
  }
}

const onlyWeightsDiffer = async (aside: string, folder: string): Promise<boolean> => {
  const names = await filesIn(aside)
  if ((await weightsIn(aside)).length !== 1) return false
  for (const name of names) {
    if (WEIGHTS.includes(name)) continue
    const path = join(folder, name)
    const now = await ifThere(readFile(path), `cannot read ${path}`)
    if (!now?.equals(await readFile(join(aside, name)))) return false
  }
  return true
}

const weightsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => WEIGHTS.includes(name))

/** The files of a folder and of those inside it, as paths from it. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
}
