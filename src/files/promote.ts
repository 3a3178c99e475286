import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileError, ifThere } from './file-error.ts'
import { type Files, syncFolder, writeFolder } from './folder.ts'
import { makeFolder } from './make-folder.ts'

/** The weights of a model or an adapter; the other files describe them. */
const WEIGHTS: readonly string[] = ['model.safetensors', 'adapter_model.safetensors']
/** A complete new set of files, being moved into the folder around it; see `readWhole`. */
export const PENDING = '.promote'
/** An incomplete set; links to the pending set, to be moved in; a set that was moved in. */
const [ASIDE, MOVING, DONE] = ['.tmp-promote', '.tmp-moving', '.tmp-promoted'] as const

/**
 * Replaces the files of a model folder (config.json, tokenizer.json, model.safetensors, ...) so
 * that a kill at any instant leaves one complete model to `readWhole`. No other process may write
 * to it.
 *
 * All files are first written to a temporary folder. If only the weights changed, as from step to
 * step of one training, one rename replaces them. Otherwise one rename makes the new set pending,
 * and `finishPromotion` moves it in. Throws UserError, having changed nothing, if the disk is full
 * or the folder cannot be written.
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
 * Completes a promotion that was killed midway, and removes leftovers. For writers only: readers
 * change nothing.
 *
 * The pending set stays complete until all of it is moved in. Other programs do not know of it: old
 * weights are removed first and new ones added last, so that no weights ever lie beside another
 * model's configuration.
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
    // A rename between two links to one file does nothing: files may remain in MOVING.
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

/** Paths of all files in a folder and its subfolders, relative to it. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
}
