import { randomUUID } from 'node:crypto'
import {
  constants,
  copyFile,
  link,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileError } from '../files/file-error.ts'
import { makeFolder } from '../files/make-folder.ts'
import type { ModelName } from './model-name.ts'
import type { RemoteFile } from './remote-model.ts'

/**
 * One model in Hugging Face's own cache, whose layout lets all tools share their downloads:
 * https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
 *
 *     models--OWNER--NAME/refs/REVISION       commit of a branch or tag when it was pulled
 *     models--OWNER--NAME/blobs/OID           content, by its checksum
 *     models--OWNER--NAME/snapshots/COMMIT/   the files of a commit, as links to blobs
 *     .locks/models--OWNER--NAME/OID.lock     held while a blob is downloaded
 */
export class ModelCache {
  readonly #root: string
  readonly #locks: string
  readonly #revision: string

  constructor(cacheDir: string, { name, revision }: ModelName) {
    const folder = `models--${name.replace('/', '--')}`
    this.#root = join(cacheDir, folder)
    this.#locks = join(cacheDir, '.locks', folder)
    this.#revision = revision
  }

  blob({ oid }: RemoteFile): string {
    return join(this.#root, 'blobs', oid)
  }

  lock({ oid }: RemoteFile): string {
    return join(this.#locks, `${oid}.lock`)
  }

  snapshot(commit: string): string {
    return join(this.#root, 'snapshots', commit)
  }

  /** Path of a file in a snapshot. */
  path(commit: string, { path }: RemoteFile): string {
    return join(this.snapshot(commit), ...path.split('/'))
  }

  /** The folder of the revision as last pulled; undefined if it never was. */
  async find(): Promise<string | undefined> {
    const ref = await readFile(this.#ref, 'utf8').catch(() => this.#revision)
    const folder = this.snapshot(ref.trim())
    const isCommit = /^[\da-f]{40}$/.test(ref.trim())
    return isCommit && (await statOf(folder))?.isDirectory() ? folder : undefined
  }

  /** Makes the folders that blobs and locks go to. Throws UserError. */
  async prepare(): Promise<void> {
    try {
      await makeFolder(join(this.#root, 'blobs'))
      await makeFolder(this.#locks)
    } catch (error) {
      throw fileError(error, `cannot keep models in ${this.#root}`)
    }
  }

  /** Adds a file with a complete blob to a snapshot, replacing what was there. */
  async link(commit: string, file: RemoteFile): Promise<void> {
    const path = this.path(commit, file)
    if (await hasSize(path, file.size)) return
    const blob = this.blob(file)
    await this.#replace(path, async (aside) => {
      try {
        await symlink(relative(dirname(path), blob), aside, 'file')
      } catch {
        // Windows restricts symbolic links, and some disks have no links at all.
        await link(blob, aside).catch(() => copyFile(blob, aside, constants.COPYFILE_FICLONE))
      }
    })
  }

  /** Records the commit of the revision. Call once the snapshot is complete. */
  async remember(commit: string): Promise<void> {
    if (commit === this.#revision) return
    await this.#replace(this.#ref, (aside) => writeFile(aside, commit))
  }

  get #ref(): string {
    return join(this.#root, 'refs', ...this.#revision.split('/'))
  }

  /** Makes a file under a temporary name, and renames it once it is complete. */
  async #replace(path: string, make: (aside: string) => Promise<void>): Promise<void> {
    const aside = join(this.#root, 'blobs', `.tmp-${randomUUID()}`)
    try {
      await makeFolder(dirname(path))
      await make(aside)
      await rename(aside, path)
    } catch (error) {
      await rm(aside, { force: true })
      throw fileError(error, `cannot write ${path}`)
    }
  }
}

const statOf = (path: string) => stat(path).catch(() => undefined)

/** Whether a file exists with its full length. */
export async function hasSize(path: string, size: number): Promise<boolean> {
  const found = await statOf(path)
  return found?.isFile() === true && found.size === size
}

/** Paths of the files in a folder, also through links, with `/` as separator. */
export async function filesIn(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true }).catch(() => [])
  const found = await Promise.all(paths.map((path) => statOf(join(folder, path))))
  return paths.filter((_, i) => found[i]?.isFile()).map((path) => path.split(sep).join('/'))
}
