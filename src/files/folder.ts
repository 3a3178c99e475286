import { constants, copyFile, link, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileError } from './file-error.ts'
import { makeFolder } from './make-folder.ts'
import { writeFile } from './node-file.ts'

/** A file's text, bytes or pieces, or another file to share (a hard link) or else copy. */
export type FileContent = string | Uint8Array | Pieces | { copyOf: string }

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Contents by file name, which may begin with a folder: `onnx/model.onnx`. */
export type Files = Readonly<Record<string, FileContent>>

/**
 * Writes a new folder; on return it and its files are on the disk, safe from a loss of power. When
 * that fails, what was written is removed again and a UserError thrown.
 */
export const writeFolder = async (folder: string, files: Files): Promise<void> => {
  try {
    await makeFolder(folder)
    for (const [name, content] of Object.entries(files)) {
      await makeFolder(dirname(join(folder, name)))
      await writeContent(join(folder, name), content)
    }
    for (const inner of new Set(Object.keys(files).map(dirname)))
      await syncFolder(join(folder, inner))
    await syncFolder(folder)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

const writeContent = async (path: string, content: FileContent): Promise<void> => {
  if (typeof content === 'string') return writeFile(path, [new TextEncoder().encode(content)])
  if (content instanceof Uint8Array) return writeFile(path, [content])
  if (!('copyOf' in content)) return writeFile(path, content)
  try {
    // Not every file system has hard links.
    await link(content.copyOf, path).catch(async () => {
      await copyFile(content.copyOf, path, constants.COPYFILE_FICLONE)
      await sync(path, 'r+')
    })
  } catch (error) {
    throw fileError(error, `cannot copy ${content.copyOf} to ${path}`)
  }
}

/** Puts the names in a folder on the disk: renames in it survive a loss of power from then on. */
export const syncFolder = async (folder: string): Promise<void> => {
  // Windows cannot open a folder, and needs no such call.
  if (process.platform !== 'win32') await sync(folder, 'r')
}

const sync = async (path: string, flags: string): Promise<void> => {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
