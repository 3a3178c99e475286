import { formatTable } from '../src/cli/format.ts'

/** What every measurement takes. */
export interface BenchOptions {
  threads?: number
  /** Measurements of each side, in turn. */
  rounds?: number
  /** Receives progress, a line or a table at a time. */
  report?: (text: string) => void
}

/** One measurement: our figure and, if a peer was found, the peer's. */
export interface Row {
  /** What was measured, such as `4 layers, 128 wide: time`. */
  name: string
  ours: number
  peer?: number
  peerName?: string
  /** How many times better ours is; above 1 we win, for times and rates alike. */
  ratio?: number
  unit: string
}

export interface Figures extends Pick<Row, 'name' | 'ours' | 'peer' | 'peerName' | 'unit'> {
  /** Lower for times and memory, higher for rates. */
  better: 'lower' | 'higher'
}

/** A row with its ratio. */
export function row({ better, ...figures }: Figures): Row {
  const { ours, peer } = figures
  if (peer === undefined) return figures
  return { ...figures, ratio: better === 'lower' ? peer / ours : ours / peer }
}

/** The rows as a table with a heading. */
export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map(({ name, ours, peer, peerName = '', ratio, unit }) => [
    name,
    formatFigure(ours),
    unit,
    peer === undefined ? '' : formatFigure(peer),
    peerName,
    ratio === undefined ? '' : `${ratio.toFixed(2)}x`,
  ])
  return formatTable([['', 'ours', '', 'peer', '', 'ratio'], ...cells], [1, 3, 5])
}

/** The middle value; for an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** Three significant digits, without an exponent: 0.123, 12.3, 1230. */
function formatFigure(figure: number): string {
  if (figure === 0 || !Number.isFinite(figure)) return String(figure)
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(figure))))
  return figure.toFixed(Math.min(decimals, 6))
}
