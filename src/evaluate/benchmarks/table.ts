import { UserError } from '../../errors.ts'
import type { BenchmarkFile } from './benchmark.ts'

export interface TableRow {
  cells: string[]
  /** `agronomy.csv:12` */
  where: string
}

/**
 * The rows of a CSV file (RFC 4180): cells in quotes may hold commas, lines and doubled quotes.
 * Rows without any text are left out. Throws UserError where a quote is not closed.
 */
export function* tableRows({ name, text }: Pick<BenchmarkFile, 'name' | 'text'>) {
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n][^,\r\n]*)?)(,|\r?\n|$)/gy
  let [line, start] = [1, 1]
  let cells: string[] = []
  while (cell.lastIndex < text.length || cells.length > 0) {
    const match = cell.exec(text)
    if (!match) throw new UserError(`${name}:${start}: a quote is not closed, or text follows it`)
    const [whole, quoted, bare = '', end] = match
    cells.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    if (end === ',') continue
    if (cells.some((one) => one !== '')) yield { cells, where: `${name}:${start}` } as TableRow
    cells = []
    start = line
    if (end === '') return
  }
}
