import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fileError, ifThere } from './file-error.ts'
import type { FileContent, Files } from './folder.ts'

/**
 * Size and SHA-256 of files, by name, as they were written: later damage is detected. Of the hashes
 * that are not broken, Node computes SHA-256 fastest (docs/lab-log.md).
 */
export const writtenSchema = z.record(
  z.string(),
  z.object({ size: z.number().int().nonnegative(), sha256: z.string() }),
)
export type Written = z.infer<typeof writtenSchema>

/** The same files; `written` is filled in as they are written. Copies are not hashed. */
export function hashedFiles(files: Files): { files: Files; written: Written } {
  const written: Written = {}
  const hashed = Object.entries(files).map(([name, content]): [string, FileContent] => {
    const keep = (found: Written[string]) => {
      written[name] = found
    }
    return [name, isCopy(content) ? content : hashing(content, keep)]
  })
  return { files: Object.fromEntries(hashed), written }
}

const isCopy = (content: FileContent): content is { copyOf: string } =>
  typeof content === 'object' && 'copyOf' in content

async function* hashing(
  content: Exclude<FileContent, { copyOf: string }>,
  keep: (found: Written[string]) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of piecesOf(content)) {
    hash.update(piece)
    size += piece.length
    yield piece
  }
  keep({ size, sha256: hash.digest('hex') })
}

function piecesOf(content: Exclude<FileContent, { copyOf: string }>) {
  if (typeof content === 'string') return [new TextEncoder().encode(content)]
  return content instanceof Uint8Array ? [content] : content
}

/**
 * Describes the first damage to a folder's files since they were written; undefined if there is
 * none. Compares sizes, and contents if `verify`. Throws UserError if a file cannot be read.
 */
export async function findDamage(
  folder: string,
  written: Written,
  { verify }: { verify: boolean },
): Promise<string | undefined> {
  for (const [name, { size, sha256 }] of Object.entries(written)) {
    const path = join(folder, name)
    const found = await ifThere(stat(path), `cannot read ${path}`)
    if (!found) return `${name} is missing`
    if (found.size !== size) return `${name} has ${found.size} bytes, but ${size} were written`
    if (verify && (await hashFile(path)) !== sha256)
      return `${name} has other bytes than were written`
  }
  return undefined
}

/** SHA-256 of a file, in hexadecimal. Throws UserError. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk)
  } catch (error) {
    throw fileError(error, `cannot read ${path}`)
  }
  return hash.digest('hex')
}
