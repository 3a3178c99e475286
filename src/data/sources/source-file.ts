import { looksLikeText } from './decode-text.ts'
import { readStart } from './read-bytes.ts'

/** One file of a source. */
export interface SourceFile {
  /** As messages name it: relative to what the user gave, `npm:NAME@VERSION/PATH`, `-`. */
  readonly name: string
  readonly path: string
  /** One document; a document per line of JSON; a document per item of a JSON list. */
  readonly format: 'text' | 'jsonl' | 'json'
  readonly gzip: boolean
  /** Of a JSON record: where its text is. */
  readonly field: string
}

/** The field read where none is named. */
export const TEXT_FIELD = 'text'

/** Extensions of the files of a folder that are read. */
const READ_IN_FOLDERS = /\.(txt|text|md|markdown|json|jsonl|ndjson)(\.gz)?$/i

export const sourceFile = async (
  name: string,
  path: string,
  field = TEXT_FIELD,
): Promise<SourceFile> => {
  const gzip = /\.gz$/i.test(path)
  const extension = /\.(jsonl|ndjson|json)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase()
  let format: SourceFile['format'] = 'text'
  if (extension === 'json' && (gzip || (await startsWithList(path)))) format = 'json'
  else if (extension) format = 'jsonl'
  return { name, path, format, gzip, field }
}

/** Why a file that was found in a folder or by a pattern, not named, is left out, if it is. */
export const reasonToLeaveOut = async (
  path: string,
  inFolder: boolean,
): Promise<string | undefined> => {
  if (inFolder && !READ_IN_FOLDERS.test(path)) {
    return 'folders give their .txt, .md, .json and .jsonl files; name others by a pattern'
  }
  if (/\.gz$/i.test(path)) return undefined
  if (!looksLikeText(await readStart(path, 8192))) return 'it is not text'
  if (/\.json$/i.test(path) && !(await startsWithList(path))) return 'it is not a JSON list'
  return undefined
}

/** Many files named .json hold one record a line instead of a list. */
const startsWithList = async (path: string): Promise<boolean> =>
  /^\ufeff?\s*\[/.test(
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(await readStart(path, 1024)),
  )
