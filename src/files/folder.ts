import { constants, copyFile, link, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileError } from './file-error.ts'
import { makeFolder } from './make-folder.ts'
import { writeFile } from './node-file.ts'

/** A file's text, bytes or pieces; or a file to link to, or to copy where links are unsupported. */
export type FileContent = string | Uint8Array | Pieces | { copyOf: string }

type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Contents by path in the folder: `onnx/model.onnx`. */
export type Files = Readonly<Record<string, FileContent>>

/**
 * Writes a new folder. Once it resolves, all files survive a loss of power. If it fails, it removes
 * what it wrote and throws UserError.
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
    await link(content.copyOf, path).catch(async () => {
      await copyFile(content.copyOf, path, constants.COPYFILE_FICLONE)
      await sync(path, 'r+')
    })
  } catch (error) {
    throw fileError(error, `cannot copy ${content.copyOf} to ${path}`)
  }
}

/** Writes a folder's entries to the disk: earlier renames in it then survive a loss of power. */
export const syncFolder = async (folder: string): Promise<void> => {
  // Windows cannot open folders, and needs no such call.
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
