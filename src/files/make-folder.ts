import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileError } from './file-error.ts'

/**
 * Makes a folder and those around it that are missing; true where it was not there. Throws
 * UserError.
 *
 * `mkdir` of Node with `recursive` calls a read-only disk ENOENT, and never returns in `/proc`.
 */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    return await make(resolve(folder))
  } catch (error) {
    throw fileError(error, `cannot make the folder ${folder}`)
  }
}

async function make(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    // What is said of a folder that is there differs: EEXIST, EISDIR, EROFS or EPERM.
    if ((await stat(path).catch(() => undefined))?.isDirectory()) return false
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' || dirname(path) === path) throw error
  }
  await make(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    // Made by another meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return true
}
