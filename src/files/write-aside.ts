import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { fileError, writeFile } from '../models/files/node-file.ts'
import { type Files, syncFolder, writeFolder } from './folder.ts'

/** Beside the place where it belongs, so that a rename is enough. */
const asideOf = (path: string) => join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)

/** False where there is no such folder. Throws UserError where it has files in it. */
export async function expectEmpty(out: string): Promise<boolean> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new UserError(`${out}: is there already, and no folder; choose another name`)
  })
  if (names && names.length > 0)
    throw new UserError(`${out}: the folder is not empty; choose another, or remove it`)
  return names !== undefined
}

/**
 * Writes a folder aside and renames it: under its name it is whole. Throws UserError where there is
 * something of that name (an empty folder is none), or it cannot be written.
 */
export async function writeFolderAside(out: string, files: Files): Promise<void> {
  const path = resolve(out)
  const isThere = await expectEmpty(out)
  const aside = asideOf(path)
  await rm(aside, { recursive: true, force: true })
  await writeFolder(aside, files)
  try {
    // Windows renames nothing to a folder that is there, though it be empty.
    if (isThere) await rmdir(path)
    await rename(aside, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw fileError(error, `cannot write ${out}`)
  }
}

/** The same for a file. */
export async function writeFileAside(
  out: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = resolve(out)
  if (await stat(path).catch(() => undefined))
    throw new UserError(`${out}: is there already; choose another name, or remove it`)
  const aside = asideOf(path)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(aside, pieces)
    await rename(aside, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(aside, { force: true })
    throw fileError(error, `cannot write ${out}`)
  }
}
