import { readStart } from '../../files/node-file.ts'
import { decodeStart, looksLikeText } from './decode-text.ts'

export const FORMATS = ['text', 'jsonl', 'json', 'csv', 'tsv'] as const

/** One file of a source. */
export interface SourceFile {
  /** As messages name it: relative to what the user gave, `npm:NAME@VERSION/PATH`, `-`. */
  readonly name: string
  readonly path: string
  /** One document; a document per line of JSON, item of a JSON list, or row of a table. */
  readonly format: (typeof FORMATS)[number]
  readonly gzip: boolean
  /** Of a record: where its text is. */
  readonly field: string
}

/** The field read where none is named. */
export const TEXT_FIELD = 'text'

/** Extensions of the files of a folder that are read. */
const READ_IN_FOLDERS = /\.(txt|text|md|markdown|json|jsonl|ndjson|csv|tsv)(\.gz)?$/i

export async function sourceFile(
  name: string,
  path: string,
  { field = TEXT_FIELD, encoding }: { field?: string | undefined; encoding?: string | undefined },
): Promise<SourceFile> {
  const gzip = /\.gz$/i.test(path)
  const extension = /\.(jsonl|ndjson|json|csv|tsv)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase()
  let format: SourceFile['format'] = 'text'
  if (extension === 'json' && (gzip || (await jsonIn(path, encoding)) === 'list')) format = 'json'
  else if (extension === 'csv' || extension === 'tsv') format = extension
  else if (extension) format = 'jsonl'
  return { name, path, format, gzip, field }
}

/** Why a file that was found in a folder or by a pattern, not named, is left out, if it is. */
export async function reasonToLeaveOut(
  path: string,
  { inFolder, encoding }: { inFolder: boolean; encoding?: string | undefined },
): Promise<string | undefined> {
  if (inFolder && !READ_IN_FOLDERS.test(path))
    return (
      'folders give their .txt, .md, .json, .jsonl, .csv and .tsv files; name others ' +
      'by a pattern'
    )
  if (/\.gz$/i.test(path)) return undefined
  if (!looksLikeText(await readStart(path, START), encoding)) return 'it is not text'
  if (/\.json$/i.test(path) && !(await jsonIn(path, encoding)))
    return 'it is neither a JSON list nor JSON lines'
  return undefined
}

/** Bytes read to classify a file. */
const START = 8192

/** Whether text without a file name begins with a line that is a JSON object. */
export async function holdsRecords(path: string, encoding?: string): Promise<boolean> {
  const bytes = await readStart(path, START)
  const [first = '', ...others] = decodeStart(bytes, encoding).trimStart().split('\n')
  if (!/^\{\s*"/.test(first)) return false
  // A longer first line is checked when all of it is read.
  if (others.length === 0 && bytes.length === START) return true
  try {
    return typeof JSON.parse(first) === 'object'
  } catch {
    return false
  }
}

/** Many files named .json hold a record a line, not a list; one line alone may be anything. */
async function jsonIn(path: string, encoding?: string): Promise<'list' | 'lines' | undefined> {
  const bytes = await readStart(path, START)
  const text = decodeStart(bytes, encoding).trimStart()
  if (text.startsWith('[')) return 'list'
  const [first = '', ...others] = text.split('\n')
  // A first line longer than what was read is no part of an indented object.
  if (others.length === 0) return bytes.length === START && first[0] === '{' ? 'lines' : undefined
  try {
    const value: unknown = JSON.parse(first)
    return typeof value === 'object' && others.some((line) => line[0] === '{') ? 'lines' : undefined
  } catch {
    return undefined
  }
}
