import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { type Files, writeFolder } from '../models/files/folder.ts'
import { fileError } from '../models/files/node-file.ts'

/** Throws UserError where a folder has files in it. */
export async function expectEmpty(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw fileError(error, `cannot write to ${out}`)
  })
  if (names.length > 0) throw new UserError(`${out} has files in it; name a new folder`)
}

/** Writes a folder that is not there, or empty; aside first, so that under its name it is whole. */
export async function writeNewFolder(out: string, files: Files): Promise<void> {
  const aside = `${resolve(out)}.part`
  await rm(aside, { recursive: true, force: true })
  await writeFolder(aside, files)
  try {
    // Windows renames nothing to a folder that is there, though it be empty.
    await rmdir(out).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(aside, out)
  } catch (error) {
    throw fileError(error, `cannot write ${out}`)
  }
}
