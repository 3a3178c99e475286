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
  /** Standard input holds JSON objects, one a line, and is read as such. */
  | { kind: 'json-lines' }
  /** Lines that hold the separator alone end documents. */
  | { kind: 'separated'; name: string; separator: string }
  /** Characters counted or tokenized so far. */
  | { kind: 'progress'; stage: 'count' | 'tokenize'; characters: number }

export type Report = (event: DataEvent) => void
