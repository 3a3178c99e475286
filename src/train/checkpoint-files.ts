import { readdir, readFile, rename, rm, statfs } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { type Files, syncFolder, writeFolder } from '../files/folder.ts'
import { findDamage, hashedFiles, writtenSchema } from '../files/hashed-files.ts'
import { makeFolder } from '../files/make-folder.ts'
import { promote } from '../files/promote.ts'

/** A whole checkpoint on the disk. */
export interface Checkpoint {
  step: number
  folder: string
}

/** Lists a checkpoint's files with their sizes and hashes, so that damage done later is seen. */
const MANIFEST = 'checkpoint.json'
const manifestSchema = z.object({
  step: z.number().int().nonnegative(),
  files: writtenSchema,
})

/**
 * Saves `files` as `OUT/checkpoints/step-N/` and removes all but the last `keep` checkpoints up to
 * N.
 * The folder is written aside and renamed, so that under its name it is always whole: a kill at any
 * instant leaves this checkpoint or the one before. Throws UserError (a full disk); then the
 * checkpoints before it are untouched.
 */
export const saveCheckpoint = async (
  out: string,
  step: number,
  files: Files,
  { keep = 2 }: { keep?: number } = {},
): Promise<Checkpoint> => {
  const root = rootOf(out)
  const folder = join(root, `step-${step}`)
  const aside = join(root, `.tmp-step-${step}`)
  try {
    if (await makeFolder(root)) await syncFolder(out)
    await removeLeftovers(root)
    const { files: hashed, written } = hashedFiles(files)
    await writeFolder(aside, hashed)
    const manifest = JSON.stringify({ step, files: written }, null, 2)
    await writeFolder(aside, { [MANIFEST]: `${manifest}\n` })
    const before = (await list(out)).find((other) => other.step === step)
    if (before?.folder === folder) {
      // Two renames, with `.old` standing in between them.
      await remove(`${folder}.old`)
      await rename(folder, `${folder}.old`)
    }
    await rename(aside, folder)
    await syncFolder(root)
    await remove(`${folder}.old`)
    const upToHere = (await list(out)).filter((other) => other.step <= step)
    for (const old of upToHere.slice(0, -Math.max(1, keep))) await remove(old.folder)
  } catch (error) {
    const reason = fileError(error, `cannot write to ${root}`)
    if (!(reason instanceof UserError)) throw reason
    throw new UserError(`step ${step} was not saved: ${reason.message}`, { cause: reason })
  }
  return { step, folder }
}

/**
 * The newest checkpoint, from which a run is resumed; undefined where there is none. What killed
 * writes left behind is passed over. Throws UserError when files of it are missing or cut short,
 * and with `verify`, which reads them all, when any byte of them has changed.
 */
export const newestCheckpoint = async (
  out: string,
  { verify = false }: { verify?: boolean } = {},
): Promise<Checkpoint | undefined> => {
  const all = await list(out)
  const newest = all.at(-1)
  if (!newest) return undefined
  const fault = await findFault(newest, verify)
  if (!fault) return newest
  const before = all.at(-2)
  const advice = before ? `resume from step ${before.step}` : 'start anew'
  throw new UserError(
    `${newest.folder} is damaged: ${fault}. Restore it, or delete the folder to ${advice}`,
  )
}

/** Makes a checkpoint's model files those of `OUT` itself; see `promote`. */
export const promoteCheckpoint = (
  out: string,
  { folder }: Checkpoint,
  names: readonly string[],
): Promise<void> =>
  promote(out, Object.fromEntries(names.map((name) => [name, { copyOf: join(folder, name) }])))

/**
 * Removes checkpoints later than `step`: after a roll-back they belong to the training that was
 * given up, and a resumed run would begin at them.
 */
export const removeCheckpointsAfter = async (out: string, step: number): Promise<void> => {
  // The newest first: a kill midway leaves no gap.
  for (const later of (await list(out)).reverse()) {
    if (later.step > step) await remove(later.folder)
  }
}

/** Throws UserError unless the disk of folder `out`, which must exist, has `bytes` free. */
export const checkDiskSpace = async (
  out: string,
  bytes: number,
  what = 'checkpoints',
): Promise<void> => {
  const { bavail, bsize } = await statfs(out)
  const free = bavail * bsize
  if (free >= bytes) return
  const mebibytes = (count: number) => count / 2 ** 20
  throw new UserError(
    `${what} need ${Math.ceil(mebibytes(bytes))} MiB in ${out}, but its disk ` +
      `has ${Math.floor(mebibytes(free))} MiB free; free some space or choose another --out`,
  )
}

const rootOf = (out: string): string => join(out, 'checkpoints')

/** All checkpoints by step. `step-N.old` counts where a kill left no `step-N`. */
const list = async (out: string): Promise<Checkpoint[]> => {
  const root = rootOf(out)
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw fileError(error, `cannot read ${root}`)
  })
  const found = new Map<number, string>()
  for (const name of names.sort().reverse()) {
    const step = /^step-(\d+)(\.old)?$/.exec(name)?.[1]
    if (step !== undefined) found.set(Number(step), join(root, name))
  }
  return [...found].map(([step, folder]) => ({ step, folder })).sort((a, b) => a.step - b.step)
}

/** Removes a folder of checkpoints in such a way that it is never there in part. */
const remove = async (folder: string): Promise<void> => {
  const aside = join(folder, '..', `.tmp-removed-${basename(folder)}`)
  await rm(aside, { recursive: true, force: true })
  try {
    await rename(folder, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  await rm(aside, { recursive: true })
}

const removeLeftovers = async (root: string): Promise<void> => {
  for (const name of await readdir(root)) {
    if (name.startsWith('.tmp-')) await rm(join(root, name), { recursive: true })
  }
}

const findFault = async (
  { step, folder }: Checkpoint,
  verify: boolean,
): Promise<string | undefined> => {
  let manifest: z.infer<typeof manifestSchema>
  try {
    manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')))
  } catch {
    return `${MANIFEST} is missing or cannot be read`
  }
  if (manifest.step !== step) return `${MANIFEST} is that of step ${manifest.step}`
  return findDamage(folder, manifest.files, { verify })
}
