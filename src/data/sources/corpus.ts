import { UserError } from '../../errors.ts'
import { type TextPiece, textPieces } from '../text-pieces.ts'
import type { DataEvent, Report } from './data-event.ts'
import { decodeText, type EncodingErrors, wellFormed } from './decode-text.ts'
import { Faults } from './faults.ts'
import { jsonArray, jsonLines, type SourceRecord, textOf } from './json-records.ts'
import { locateSources } from './locate-sources.ts'
import { readBytes } from './read-bytes.ts'
import { separateDocuments } from './separate-documents.ts'
import { type SourceFile, TEXT_FIELD } from './source-file.ts'
import { tableRecords } from './table-records.ts'

export interface CorpusOptions {
  /** How the files' characters are written, see `encodingNamed`; default: UTF-8. */
  encoding?: string
  /** `'refuse'` (default) stops at bytes that are not text; `'replace'` reads U+FFFD and counts. */
  encodingErrors?: EncodingErrors
  /** Ends a document of a plain file where a line holds nothing else; '' (default): nothing. */
  documentSeparator?: string
  report?: Report
  /** What `-` reads; default the process's standard input. */
  stdin?: AsyncIterable<Uint8Array>
  /** Folder of the result: files that folders and patterns have in it are no data. */
  own?: string
  /** Aborts the reading; its reason is thrown. */
  signal?: AbortSignal
}

/** Sources that were found; they may be read any number of times. */
export interface Corpus {
  readonly files: readonly SourceFile[]
  /** How the files are read, which decides what their text is. */
  readonly reading: Reading
  /** The text: plain files are one document each or as separated, others one per record. */
  documents(): AsyncGenerator<TextPiece>
  /** The records of JSON and JSONL files, as they are, and the rows of tables. */
  records(): AsyncGenerator<SourceRecord>
  /** One for each of the sources, which are closed with this one. */
  bySource(): Corpus[]
  /** Removes what was kept of standard input. */
  close(): Promise<void>
}

export interface Reading {
  readonly encoding: string | null
  readonly encodingErrors: EncodingErrors
  readonly documentSeparator: string
}

/**
 * Finds the files of `sources`, in order; see `findFiles` for their forms. `-` is standard input,
 * plain text, or JSONL where its first line is a JSON object or a field is named (`-#text`). Throws
 * UserError for a source without text. Reading throws UserError too: where several files are at
 * fault, for all of them.
 */
export async function openCorpus(
  sources: readonly string[],
  options: CorpusOptions = {},
): Promise<Corpus> {
  const { encoding, encodingErrors = 'refuse', documentSeparator = '' } = options
  const { report = () => {}, stdin, own, signal } = options
  const { groups, close } = await locateSources(sources, { report, stdin, encoding, own })
  const reported = new Set<string>()
  const reportOnce = (event: DataEvent & { name: string }) => {
    const key = `${event.kind} ${event.name}`
    if (!reported.has(key)) report(event)
    reported.add(key)
  }
  const textParts = ({ name, path, gzip }: SourceFile) =>
    decodeText(readBytes(path, { gzip, signal }), name, {
      encoding,
      errors: encodingErrors,
      replaced: (count, likely) => reportOnce({ kind: 'replaced', name, count, likely }),
      readAsUtf8: () => reportOnce({ kind: 'utf-8', name, instead: encoding as string }),
    })
  const recordsOf = (file: SourceFile): AsyncGenerator<SourceRecord> => {
    const { name, format } = file
    if (format === 'csv' || format === 'tsv')
      return tableRecords(textParts(file), {
        name,
        separator: format === 'tsv' ? '\t' : undefined,
        found: (table) => reportOnce({ kind: 'table', name, ...table }),
      })
    return (format === 'json' ? jsonArray : jsonLines)(textParts(file), name)
  }
  const checked = <T>(value: T, name: string): T =>
    wellFormed(value, name, encodingErrors, (count) =>
      reportOnce({ kind: 'replaced', name, count }),
    )

  async function* piecesOf(file: SourceFile): AsyncGenerator<TextPiece> {
    const { name, format, field } = file
    if (format !== 'text') {
      for await (const record of recordsOf(file))
        yield* textPieces([checked(textOf(record, field), record.where)], record.where)
    } else if (documentSeparator === '') yield* textPieces(textParts(file), name)
    else {
      const found = () => {
        if (!reported.has('separated'))
          report({ kind: 'separated', name, separator: documentSeparator })
        reported.add('separated')
      }
      const documents = separateDocuments(textParts(file), documentSeparator, found)
      for await (const document of documents) yield* textPieces(document, name)
    }
  }
  async function* checkedRecords(file: SourceFile): AsyncGenerator<SourceRecord> {
    const { name, format, field } = file
    if (format === 'text' && name !== '-')
      throw new UserError(
        `${name}: expected records: a .jsonl file, one JSON record a line, a .json list of them, ` +
          'or a table whose first row names its columns, .csv or .tsv',
      )
    if (field !== TEXT_FIELD)
      throw new UserError(
        `${name}#${field}: names a field, but whole records are read here; leave out #${field}`,
      )
    for await (const { value, where } of recordsOf(file))
      yield { value: checked(value, where), where }
  }
  /** The items of every file; after a fault, the other files are only checked. */
  async function* ofAll<T>(
    files: readonly SourceFile[],
    read: (file: SourceFile) => AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    const faults = new Faults('files')
    for (const file of files) {
      try {
        for await (const item of read(file)) if (!faults.any) yield item
      } catch (error) {
        faults.add(error)
      }
    }
    faults.throwAny()
  }
  const corpusOf = (files: readonly SourceFile[]): Corpus => ({
    files,
    reading: { encoding: encoding ?? null, encodingErrors, documentSeparator },
    close,
    bySource: () => groups.map(corpusOf),
    async *documents() {
      for await (const piece of ofAll(files, piecesOf)) {
        if (piece.text !== '') yield piece
        else reportOnce({ kind: 'left-out', name: piece.name, reason: 'it is empty' })
      }
    },
    records: () => ofAll(files, checkedRecords),
  })
  return corpusOf(groups.flat())
}
