import { SEPARATOR_NAMES } from './table-records.ts'
import type { Separator } from './table-rows.ts'

/** What a user should know about the reading of data; nothing is passed over without one. */
export type DataEvent =
  /** A package is being fetched from the registry. */
  | { kind: 'fetching'; package: string }
  /** A file found in a folder or by a pattern, or a record, is not read. */
  | { kind: 'left-out'; name: string; reason: string }
  /** Bytes that are no text were read as U+FFFD; `likely` is the encoding that they may be in. */
  | { kind: 'replaced'; name: string; count: number; likely?: string | undefined }
  /** A file is UTF-8, and read as such `instead` of in the encoding that was named. */
  | { kind: 'utf-8'; name: string; instead: string }
  /** A table begins: its columns, and what separates them. */
  | { kind: 'table'; name: string; columns: readonly string[]; separator: Separator }
  /** Standard input holds JSON objects, one a line, and is read as such. */
  | { kind: 'json-lines' }
  /** Lines that hold the separator alone end documents. */
  | { kind: 'separated'; name: string; separator: string }
  /** Another run is tokenizing the same data into a shared folder. */
  | { kind: 'waiting'; folder: string }
  /** Characters counted or tokenized so far. */
  | { kind: 'progress'; stage: 'count' | 'tokenize'; characters: number }

export type Report = (event: DataEvent) => void

const described = ({ columns, separator }: DataEvent & { kind: 'table' }): string =>
  columns.length === 1
    ? `a table of one column, ${columns[0]}`
    : `a table with the columns ${columns.join(', ')}, separated by ${SEPARATOR_NAMES[separator]}s`

/** An event as a line for the user; undefined where it is of no interest. */
function describe(event: DataEvent): string | undefined {
  switch (event.kind) {
    case 'fetching':
      return `fetching ${event.package}`
    case 'left-out':
      return `left out: ${event.name} (${event.reason})`
    case 'replaced': {
      const { name, count, likely } = event
      const advice = likely ? `; it looks like ${likely}: name it with --encoding ${likely}` : ''
      return `${name}: ${count} invalid bytes or characters were read as U+FFFD${advice}`
    }
    case 'utf-8':
      return `${event.name}: is UTF-8, and read as UTF-8 instead of ${event.instead}`
    case 'table':
      return `${event.name}: ${described(event)}`
    case 'json-lines':
      return 'standard input holds JSON, and is read as one record a line'
    case 'separated':
      return (
        `${event.name}: lines of ${event.separator} alone end documents (--document-separator '' ` +
        'reads them as text)'
      )
    case 'waiting':
      return `another run is tokenizing this data into ${event.folder}: waiting`
    case 'progress':
      return undefined
  }
}

/** Files reported with one reason before the others are only mentioned. */
const REPORTED = 10

/** What many files may have in common, as a line about all but the first ones. */
function describeOthers(event: DataEvent): string | undefined {
  if (event.kind === 'left-out') return `left out: others like these (${event.reason})`
  if (event.kind === 'table') return `others like these: ${described(event)}`
  if (event.kind === 'utf-8') return `others like these are read as UTF-8 too`
  return undefined
}

/** Prints what happens while data is read; what many files have in common, by the first ones. */
export function printDataEvents(print: (line: string) => void = () => {}): Report {
  const reported = new Map<string, number>()
  return (event) => {
    const others = describeOthers(event)
    if (others !== undefined) {
      const count = (reported.get(others) ?? 0) + 1
      reported.set(others, count)
      if (count === REPORTED + 1) print(others)
      if (count > REPORTED) return
    }
    const line = describe(event)
    if (line) print(line)
  }
}
