/** What every command says that reads data. */
export const encodingHelp = {
  encoding:
    'how the characters of --data are written: gb18030, big5, utf-16le, shift_jis, ' +
    'windows-1252, ... (default: utf-8, or what a byte order mark says)',
  encodingErrors: 'bytes that are not text: refuse them, or read U+FFFD',
} as const

/** Of plain text, too. */
export const readingHelp = {
  ...encodingHelp,
  documentSeparator: "a line of this alone ends a document of a text file; '' reads it as text",
} as const
