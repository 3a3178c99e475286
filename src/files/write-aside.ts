import { lstat, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { fileError, ifThere } from './file-error.ts'
import { type Files, syncFolder, writeFolder } from './folder.ts'
import { LOCK, whileWriting } from './lock.ts'
import { makeFolder } from './make-folder.ts'
import { writeFile } from './node-file.ts'

/** False where there is no such folder. Throws UserError where it has files in it. */
export async function expectEmpty(out: string): Promise<boolean> {
  const found = await ifThere(stat(out), `cannot write ${out}`)
  if (found && !found.isDirectory())
    throw new UserError(`${out}: is there already, and no folder; choose another name`)
  const names = await ifThere(readdir(out), `cannot read ${out}`)
  if (names?.some((name) => name !== LOCK))
    throw new UserError(`${out}: the folder is not empty; choose another, or remove it`)
  return names !== undefined
}

/** Throws UserError where there is something of that name. */
export async function expectNothing(out: string): Promise<void> {
  if (await ifThere(lstat(out), `cannot write ${out}`))
    throw new UserError(`${out}: is there already; choose another name, or remove it`)
}

/**
 * Writes a folder aside and renames it: under its name it is whole. Throws UserError where there is
 * something of that name (an empty folder is nothing), another run is writing it, or it cannot be
 * written.
 */
export const writeFolderAside = (out: string, files: Files): Promise<void> =>
  writeAside(out, async (path, aside) => {
    const isThere = await expectEmpty(out)
    await writeFolder(aside, files)
    if (isThere) {
      // Refused where a training has just begun in it; the lock of one that was killed goes away.
      await whileWriting({ target: out, path: join(path, LOCK) }, async () => {})
      // Windows renames nothing to a folder that is there, though it be empty.
      await rmdir(path)
    }
    await rename(aside, path)
  })

/** The same for a file. */
export const writeFileAside = (out: string, pieces: AsyncIterable<Uint8Array>): Promise<void> =>
  writeAside(out, async (path, aside) => {
    await expectNothing(out)
    await writeFile(aside, pieces)
    await rename(aside, path)
  })

/**
 * `aside` stands beside `out`, so that a rename is enough, and has one name: under the lock, what
 * stands there is what a killed process left.
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
 * Writes a file of a folder that this process alone writes, in the place of one that is there: it
 * has either content, whole. Throws UserError.
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
