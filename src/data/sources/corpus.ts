import { UserError } from '../../errors.ts'
import { type TextPiece, textPieces } from '../text-pieces.ts'
import type { DataEvent, Report } from './data-event.ts'
import { decodeText, type EncodingErrors } from './decode-text.ts'
import { type JsonRecord, jsonArray, jsonLines, textOf } from './json-records.ts'
import { locateSources } from './locate-sources.ts'
import { readBytes } from './read-bytes.ts'
import type { SourceFile } from './source-file.ts'

export interface CorpusOptions {
  /** `'refuse'` (default) stops at bytes that are not text; `'replace'` reads U+FFFD and counts. */
  encodingErrors?: EncodingErrors
  report?: Report
  /** What `-` reads; default the process's standard input. */
  stdin?: AsyncIterable<Uint8Array>
  /** Folder of the result: files that folders and patterns have in it are no data. */
  own?: string
}

/** Sources that were found; they may be read any number of times. */
export interface Corpus {
  readonly files: readonly SourceFile[]
  readonly encodingErrors: EncodingErrors
  /** The text: plain files are one document each, JSON files one per record. */
  documents(): AsyncGenerator<TextPiece>
  /** The records of JSON and JSONL files, as they are. */
  records(): AsyncGenerator<JsonRecord>
  /** Removes what was kept of standard input. */
  close(): Promise<void>
}

/**
 * Finds the files of `sources`, in order; see `findFiles` for their forms. `-` is standard input, plain
 * text, or JSONL when a field is named (`-#text`). Throws UserError for a source without text.
 */
export async function openCorpus(
  sources: readonly string[],
  { encodingErrors = 'refuse', report = () => {}, stdin, own }: CorpusOptions = {},
): Promise<Corpus> {
  const { files, close } = await locateSources(sources, report, { stdin, own })
  const told = new Set<string>()
  const reportOnce = (event: DataEvent & { name: string }) => {
    const key = `${event.kind} ${event.name}`
    if (!told.has(key)) report(event)
    told.add(key)
  }
  const textParts = ({ name, path, gzip }: SourceFile) =>
    decodeText(readBytes(path, { gzip }), name, encodingErrors, (count) =>
      reportOnce({ kind: 'replaced', name, count }),
    )
  const recordsOf = (file: SourceFile) =>
    (file.format === 'json' ? jsonArray : jsonLines)(textParts(file), file.name)

  async function* allPieces(): AsyncGenerator<TextPiece> {
    for (const file of files) {
      if (file.format === 'text') yield* textPieces(textParts(file), file.name)
      else {
        for await (const record of recordsOf(file)) {
          const text = wellFormed(textOf(record, file.field), record.where)
          yield* textPieces([text], record.where)
        }
      }
    }
  }
  const wellFormed = (text: string, name: string): string => {
    const halves = text.match(/\p{Surrogate}/gu)
    if (!halves) return text
    if (encodingErrors === 'refuse') {
      const half = `\\u${halves[0].charCodeAt(0).toString(16)}`
      throw new UserError(
        `${name}: ${half} is half a character; mend the record, or go on with U+FFFD in its place (--encoding-errors replace)`,
      )
    }
    reportOnce({ kind: 'replaced', name, count: halves.length })
    return text.replace(/\p{Surrogate}/gu, '\ufffd')
  }
  return {
    files,
    encodingErrors,
    close,
    async *documents() {
      for await (const piece of allPieces()) {
        if (piece.text !== '') yield piece
        else reportOnce({ kind: 'left-out', name: piece.name, reason: 'it is empty' })
      }
    },
    async *records() {
      for (const file of files) {
        if (file.format === 'text' && file.name !== '-') {
          throw new UserError(`${file.name}: expected a .jsonl or .json file`)
        }
        yield* recordsOf(file)
      }
    },
  }
}
