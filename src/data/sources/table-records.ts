import { UserError } from '../../errors.ts'
import type { SourceRecord } from './json-records.ts'
import { type Row, type Separator, tableRows } from './table-rows.ts'

/** How messages name what separates cells. */
export const SEPARATOR_NAMES: Readonly<Record<Separator, string>> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
}

export interface TableOptions {
  name: string
  /** Default: found by the first rows. */
  separator?: Separator | undefined
  /** Called when the header was read. */
  found?(table: { columns: readonly string[]; separator: Separator }): void
}

/**
 * The rows of a table as records: each column of the header, its first row, is a field, and all
 * values are text. A line `sep=;` before the header names the separator.
 * Throws UserError with the line, also where a row has more or fewer cells than
 * the header, or a column no name or that of another.
 */
export async function* tableRecords(
  parts: AsyncIterable<string>,
  { name, separator: given, found = () => {} }: TableOptions,
): AsyncGenerator<SourceRecord> {
  const stream = parts[Symbol.asyncIterator]()
  let sample = ''
  let isWhole = false
  while (!isWhole && sample.length < SAMPLE) {
    const { done, value } = await stream.next()
    isWhole = done === true
    if (!done) sample += value
  }
  async function* all(): AsyncGenerator<string> {
    yield sample
    yield* { [Symbol.asyncIterator]: () => stream }
  }
  try {
    const named = SEPARATOR_LINE.exec(sample)?.[1] as Separator | undefined
    const separator = named ?? given ?? (await separatorOf(sample, isWhole))
    const table = { name, separator }
    let columns: readonly string[] | undefined
    for await (const row of tableRows(all(), table)) {
      if (named && row.line === 1) continue
      if (columns === undefined) {
        columns = columnsOf(row, name)
        found({ columns, separator })
      } else yield recordOf(row, columns, table)
    }
    if (columns === undefined)
      throw new UserError(`${name}: is empty; expected a table whose first row names its columns`)
  } finally {
    await stream.return?.()
  }
}

/** A line before the header that tells Excel what separates cells. */
const SEPARATOR_LINE = /^sep=([,;\t])(?=[\r\n])/i

/** UTF-16 units by which the separator is found. */
const SAMPLE = 2 ** 16

/**
 * The separator that divides the header into two columns or more, and other rows into as many; of
 * several the one that gives more. A comma where there is none, as in a table of one column.
 */
async function separatorOf(sample: string, isWhole: boolean): Promise<Separator> {
  let best: { separator: Separator; score: number } = { separator: ',', score: 0 }
  for (const separator of Object.keys(SEPARATOR_NAMES) as Separator[]) {
    const rows: Row[] = []
    try {
      for await (const row of tableRows([sample], { name: '', separator })) rows.push(row)
      // The last one may be cut off.
      if (!isWhole && rows.length > 1) rows.pop()
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
    const [columns = 0, ...widths] = rows.map(({ cells }) => cells.length)
    if (columns < 2) continue
    const alike = widths.filter((width) => width === columns).length
    // Columns decide between separators by which the same share of the rows is alike.
    const score = 1 + (widths.length > 0 ? alike / widths.length : 1) + columns * 1e-6
    if (score > best.score) best = { separator, score }
  }
  return best.separator
}

function columnsOf({ cells, line }: Row, name: string): string[] {
  const columns = cells.map((cell) => cell.trim())
  const refuse = (trouble: string): never => {
    throw new UserError(
      `${name}:${line}: ${trouble}; the first row of a table names its columns: ` +
        columns.map((column) => `'${column}'`).join(', '),
    )
  }
  for (const [i, column] of columns.entries()) {
    if (column === '') refuse(`column ${i + 1} has no name`)
    if (columns.indexOf(column) < i) refuse(`two columns have the name '${column}'`)
  }
  return columns
}

function recordOf(
  { cells, line }: Row,
  columns: readonly string[],
  { name, separator }: { name: string; separator: Separator },
): SourceRecord {
  const where = `${name}:${line}`
  if (cells.length === columns.length)
    return { value: Object.fromEntries(columns.map((column, i) => [column, cells[i]])), where }
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
  const isLine = separator === '\t'
  const advice =
    cells.length > columns.length
      ? `put a cell with a ${SEPARATOR_NAMES[separator]} in it in quotes`
      : isLine
        ? 'a cell ends with its line'
        : 'put a cell with a line break in it in quotes'
  throw new UserError(
    `${where}: found ${counted(cells.length, 'cell')}; expected ` +
      `${counted(columns.length, 'cell')}, one for each column (${columns.join(', ')}), ` +
      `separated by ${SEPARATOR_NAMES[separator]}s; ${advice}`,
  )
}
