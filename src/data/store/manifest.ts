import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fileError } from '../../files/file-error.ts'
import { hashFile, writtenSchema } from '../../files/hashed-files.ts'
import { FORMATS, type SourceFile } from '../sources/source-file.ts'

export const MANIFEST = 'dataset.json'

const count = z.number().int().nonnegative()

/** A source file as it was when it was tokenized. */
const fingerprintSchema = z.object({
  name: z.string(),
  format: z.enum(FORMATS),
  field: z.string(),
  size: count,
  /** Milliseconds since 1970. */
  modified: z.number(),
  sha256: z.string(),
})
export type Fingerprint = z.infer<typeof fingerprintSchema>

const partSchema = z.object({ tokens: count, documents: count, characters: count, bytes: count })
/** How much a part of a dataset holds; `bytes` are those of its text in UTF-8. */
export type PartCounts = z.infer<typeof partSchema>

const manifestSchema = z.object({
  format: z.literal(2),
  /** See `tokenizerHash`. */
  tokenizer: z.string(),
  vocabSize: count,
  /** Little-endian. */
  dtype: z.enum(['uint16', 'uint32']),
  /** The ids around each document, if any. */
  marks: z.object({ before: z.array(count), after: z.array(count) }),
  /** See `Reading`. */
  reading: z.object({
    encoding: z.string().nullable(),
    encodingErrors: z.enum(['refuse', 'replace']),
    documentSeparator: z.string(),
  }),
  sources: z.array(fingerprintSchema),
  /** What is for validation: a fraction of the sources, or sources of its own. */
  validation: z.union([z.number(), z.array(fingerprintSchema)]),
  /** How a fraction is taken: see `PlanOptions`. */
  seed: count.nullable(),
  whole: z.boolean(),
  /** Files, the last of the sources, of which nothing is held out. */
  added: count.optional(),
  parts: z.object({ train: partSchema, validation: partSchema.optional() }),
  files: writtenSchema,
})
export type Manifest = z.infer<typeof manifestSchema>

/** The manifest of a dataset's folder; undefined where there is none that can be read. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '{}'
    throw fileError(error, `cannot read ${join(folder, MANIFEST)}`)
  })
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/**
 * A file's fingerprint. Its content is hashed only when size or time differ from those of `known`,
 * so a file that was merely touched or copied counts as the same.
 */
export async function fingerprint(
  { name, path, format, field }: SourceFile,
  known?: Fingerprint,
): Promise<Fingerprint> {
  const { size, mtimeMs: modified } = await stat(path).catch((error) => {
    throw fileError(error, `cannot read ${path}`)
  })
  const isKnown = known?.name === name && known.size === size && known.modified === modified
  const sha256 = isKnown ? known.sha256 : await hashFile(path)
  return { name, format, field, size, modified, sha256 }
}

/** What differs between two lists of source files, in words; undefined where nothing does. */
export function sourceDifference(
  before: readonly Fingerprint[],
  now: readonly Fingerprint[],
): string | undefined {
  for (const [i, file] of now.entries()) {
    const known = before[i]
    if (!known) return `${file.name} is new`
    if (known.sha256 !== file.sha256) {
      return known.name === file.name
        ? `${file.name} has changed (${known.size} bytes then, ${file.size} now)`
        : `${file.name} has replaced ${known.name}`
    }
    if (known.format !== file.format || known.field !== file.field) {
      const [now, then] = [file, known].map(({ format, field }) => `${format}#${field}`)
      return `${file.name} is read as ${now}, not ${then}`
    }
  }
  const missing = before[now.length]
  return missing && `${missing.name} is missing`
}
