import { UserError } from '../../errors.ts'
import { Held } from './held.ts'

/** What stands between the cells of a row. */
export type Separator = ',' | ';' | '\t'

/** A row of a table, and the line on which it begins. */
export interface Row {
  readonly cells: readonly string[]
  readonly line: number
}

interface Line {
  readonly text: string
  /** The line break; '' at the end of the file. */
  readonly end: string
  readonly number: number
}

/**
 * The rows of a table in text, as RFC 4180 describes them: a cell in quotes may hold separators,
 * line breaks, and quotes written twice. A quote inside a cell that does not begin with one is
 * text; blank lines are no rows. Lines end with LF, CR LF or CR.
 *
 * Between tabs, many files have quotes that mean nothing. There a cell is in quotes only where they
 * enclose it on its line; else they are text.
 *
 * Throws UserError with the line where a quote is not closed, or text follows it.
 */
export async function* tableRows(
  parts: AsyncIterable<string> | Iterable<string>,
  { name, separator }: { name: string; separator: Separator },
): AsyncGenerator<Row> {
  const reader = separator === '\t' ? TABBED : new QuotedCells(name, separator)
  let begin = 0
  for await (const line of linesOf(parts, name)) {
    if (!reader.isOpen) {
      if (line.text.trim() === '' && !line.text.includes(separator)) continue
      begin = line.number
    }
    const cells = reader.add(line)
    if (cells) yield { cells, line: begin }
  }
  reader.end()
}

/** Divides lines into cells. */
interface CellReader {
  /** Whether a cell goes on in the next line. */
  readonly isOpen: boolean
  /** The cells of the row that ends with this line; undefined where it goes on. */
  add(line: Line): string[] | undefined
  /** Throws UserError where a cell has no end. */
  end(): void
}

async function* linesOf(
  parts: AsyncIterable<string> | Iterable<string>,
  name: string,
): AsyncGenerator<Line> {
  const held = new Held()
  let number = 1
  /** A CR at the end of a part, behind which an LF may follow. */
  let last = ''
  for await (const part of parts) {
    const text = last + part
    let begin = 0
    for (const { 0: end, index } of text.matchAll(/\r\n|\n|\r(?!$)/g)) {
      yield { text: held.take(text.slice(begin, index)), end, number }
      begin = index + end.length
      number++
    }
    last = text.endsWith('\r') ? '\r' : ''
    held.add(text.slice(begin, text.length - last.length), `${name}:${number}`)
  }
  yield { text: held.take(''), end: last, number }
}

/** `"..."` with quotes written twice, up to a tab or the end. */
const ENCLOSED = /"([^"]*(?:""[^"]*)*)"(?=\t|$)/y

const TABBED: CellReader = { isOpen: false, add: ({ text }) => tabbedCells(text), end: () => {} }

function tabbedCells(line: string): string[] {
  if (!line.includes('"')) return line.split('\t')
  const cells: string[] = []
  for (let at = 0; at <= line.length; at++) {
    ENCLOSED.lastIndex = at
    const enclosed = ENCLOSED.exec(line)
    const tab = line.indexOf('\t', at)
    const end = enclosed ? ENCLOSED.lastIndex : tab === -1 ? line.length : tab
    cells.push(enclosed ? (enclosed[1] as string).replaceAll('""', '"') : line.slice(at, end))
    at = end
  }
  return cells
}

/** The cells of rows that may go on over several lines. */
class QuotedCells implements CellReader {
  readonly #name: string
  readonly #separator: string
  #cells: string[] = []
  /** The cell in quotes that is being read, and the line on which it begins. */
  #cell = new Held()
  #begin = 0

  constructor(name: string, separator: string) {
    this.#name = name
    this.#separator = separator
  }

  get isOpen(): boolean {
    return this.#begin > 0
  }

  add(line: Line): string[] | undefined {
    const { text } = line
    if (!this.isOpen && !text.includes('"')) return text.split(this.#separator)
    for (let at = 0; at <= text.length; at++) {
      const end = this.isOpen || text[at] === '"' ? this.#quoted(line, at) : this.#plain(text, at)
      if (end === undefined) return undefined
      at = end
    }
    const cells = this.#cells
    this.#cells = []
    return cells
  }

  end(): void {
    if (this.isOpen)
      throw new UserError(
        `${this.#name}:${this.#begin}: the quoted cell that begins here is never closed`,
      )
  }

  #plain(text: string, from: number): number {
    const next = text.indexOf(this.#separator, from)
    const end = next === -1 ? text.length : next
    this.#cells.push(text.slice(from, end))
    return end
  }

  /** Reads a cell in quotes from its first character on this line; its end, if it is here. */
  #quoted({ text, end, number }: Line, from: number): number | undefined {
    let at = this.isOpen ? from : from + 1
    if (!this.isOpen) this.#begin = number
    const where = `${this.#name}:${this.#begin}`
    for (;;) {
      const quote = text.indexOf('"', at)
      if (quote === -1) {
        this.#cell.add(text.slice(at) + end, where)
        return undefined
      }
      const isDouble = text[quote + 1] === '"'
      this.#cell.add(text.slice(at, isDouble ? quote + 1 : quote), where)
      at = quote + (isDouble ? 2 : 1)
      if (!isDouble) break
    }
    while (text[at] === ' ') at++
    if (at < text.length && text[at] !== this.#separator)
      throw new UserError(
        `${this.#name}:${number}: “${text.slice(at, at + 12)}” follows the closing quote of a ` +
          'cell; inside a quoted cell write a quote twice, ""',
      )
    this.#cells.push(this.#cell.take(''))
    this.#begin = 0
    return at
  }
}
