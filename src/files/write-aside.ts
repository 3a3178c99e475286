import { lstat, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { fileError, ifThere } from './file-error.ts'
import { type Files, syncFolder, writeFolder } from './folder.ts'
import { LOCK, whileWriting } from './lock.ts'
import { makeFolder } from './make-folder.ts'
import { writeFile } from './node-file.ts'

/** False if there is no such folder. Throws UserError if it has files. */
export async function expectEmpty(out: string): Promise<boolean> {
  const found = await ifThere(stat(out), `cannot write ${out}`)
  if (found && !found.isDirectory())
    throw new UserError(`${out}: already exists and is not a folder; choose another name`)
  const names = await ifThere(readdir(out), `cannot read ${out}`)
  if (names?.some((name) => name !== LOCK))
    throw new UserError(`${out}: the folder is not empty; choose another, or remove it`)
  return names !== undefined
}

/** Throws UserError if something has that name. */
async function expectNothing(out: string): Promise<void> {
  if (await ifThere(lstat(out), `cannot write ${out}`))
    throw new UserError(`${out}: already exists; choose another name, or remove it`)
}

/**
 * Writes a folder under a temporary name and renames it, so that under its name it is complete.
 * Throws UserError if something but an empty folder has that name, if another run is writing it, or
 * if it cannot be written.
 */
export const writeFolderAside = (out: string, files: Files): Promise<void> =>
  writeAside(out, async (path, aside) => {
    const isThere = await expectEmpty(out)
    await writeFolder(aside, files)
    if (isThere) {
      // Refused if a training just began there; removes the lock file of a killed one.
      await whileWriting({ target: out, path: join(path, LOCK) }, async () => {})
      // Windows refuses to rename onto an existing folder, even if it is empty.
      await rmdir(path)
    }
    await rename(aside, path)
  })

/** As `writeFolderAside`, for a file. */
export const writeFileAside = (out: string, pieces: AsyncIterable<Uint8Array>): Promise<void> =>
  writeAside(out, async (path, aside) => {
    await expectNothing(out)
    await writeFile(aside, pieces)
    await rename(aside, path)
  })

/**
 * `aside` lies beside `out`, on the same disk, and its name is fixed: whoever holds the lock may
 * remove what a killed process left there.
 */
async function writeAside(
  out: string,
  write: (path: string, aside: string) => Promise<void>,
): Promise<void> {
  const path = resolve(out)
  const folder = dirname(path)
  const beside = (ending: string) => join(folder, `.${basename(path)}.${ending}`)
  const aside = beside('tmp')
  await makeFolder(folder)
  await whileWriting({ target: out, path: beside('lock') }, async () => {
    try {
      await rm(aside, { recursive: true, force: true })
      await write(path, aside)
      await syncFolder(folder)
    } catch (error) {
      await rm(aside, { recursive: true, force: true })
      throw fileError(error, `cannot write ${out}`)
    }
  })
}

/**
 * Replaces a file atomically: it has the old or the new content, complete. No other process may
 * write to it. Throws UserError.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const aside = `${path}.tmp`
  try {
    await writeFile(aside, [new TextEncoder().encode(content)])
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {})
    throw fileError(error, `cannot write ${path}`)
  }
}
