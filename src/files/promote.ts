import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileError } from '../models/files/node-file.ts'
import { type Files, syncFolder, writeFolder } from './folder.ts'

/** What depends on all other files: a model's weights, or an adapter's. */
const WEIGHTS: readonly string[] = ['model.safetensors', 'adapter_model.safetensors']
/** A new set of files, whole, on its way into the folder around it. */
const PENDING = '.promote'

/**
 * Replaces the files of a model folder (config.json, tokenizer.json, model.safetensors, ...) so that a
 * kill at any instant never leaves the weights of one model beside the configuration of another.
 *
 * All is first written aside. Where only the weights changed, as from step to step of one training,
 * one rename replaces them. Otherwise one rename makes the new set pending, and `finishPromotion`
 * moves it in: the old weights go first and the new ones come last. Killed in between, the folder has
 * no weights, but its pending set is whole, and the next `finishPromotion` moves in the rest.
 * Throws UserError when the disk is full or the folder cannot be written; then nothing has changed.
 */
export const promote = async (folder: string, files: Files): Promise<void> => {
  await finishPromotion(folder)
  const aside = join(folder, '.tmp-promote')
  await rm(aside, { recursive: true, force: true })
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
 * Completes a promotion that was killed midway; does nothing where there is none. Call it before
 * reading a model folder.
 */
export const finishPromotion = async (folder: string): Promise<void> => {
  const pending = join(folder, PENDING)
  try {
    const names = await filesIn(pending).catch((error) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (!names) return
    const weights = names.filter((name) => WEIGHTS.includes(name))
    const others = names.filter((name) => !WEIGHTS.includes(name))
    for (const name of weights) await rm(join(folder, name), { force: true })
    if (weights.length > 0) await syncFolder(folder)
    for (const group of [others, weights]) {
      for (const name of group) {
        await mkdir(dirname(join(folder, name)), { recursive: true })
        await rename(join(pending, name), join(folder, name))
      }
      for (const inner of new Set(['.', ...group.map(dirname)]))
        await syncFolder(join(folder, inner))
    }
    // A rename between two links to one file does nothing, and leaves the first.
    await rm(pending, { recursive: true })
  } catch (error) {
    throw fileError(error, `cannot finish replacing the model in ${folder}`)
  }
}

const onlyWeightsDiffer = async (aside: string, folder: string): Promise<boolean> => {
  const names = await filesIn(aside)
  if ((await weightsIn(aside)).length !== 1) return false
  for (const name of names) {
    if (WEIGHTS.includes(name)) continue
    const now = await readFile(join(folder, name)).catch(() => undefined)
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
