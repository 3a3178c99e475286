import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileError } from './file-error.ts'

/**
 * Makes a folder and its missing parents; false if it existed. Throws UserError.
 *
 * Node's recursive `mkdir` reports a read-only disk as ENOENT, and never returns in `/proc`.
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
    // For an existing folder the code may be EEXIST, EISDIR, EROFS or EPERM.
    if ((await stat(path).catch(() => undefined))?.isDirectory()) return false
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' || dirname(path) === path) throw error
  }
  await make(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    // Another process made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return true
}
