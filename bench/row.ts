import { formatTable } from '../src/cli/format.ts'

/** One measurement: our figure and, where a peer was found, the peer's. */
export interface Row {
  /** What was measured, such as `4 layers, 128 wide: time`. */
  name: string
  ours: number
  peer?: number
  peerName?: string
  /** How many times better ours is: above 1 we win, whichever way the unit counts. */
  ratio?: number
  unit: string
}

export interface Figures extends Pick<Row, 'name' | 'ours' | 'peer' | 'peerName' | 'unit'> {
  /** Which figure is better: of times and memory the lower, of rates the higher. */
  better: 'lower' | 'higher'
}

/** A row with its ratio. */
export function row({ better, ...figures }: Figures): Row {
  const { ours, peer } = figures
  if (peer === undefined) return figures
  return { ...figures, ratio: better === 'lower' ? peer / ours : ours / peer }
}

/** The rows as aligned text, a line each below a heading. */
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

/** Three significant digits, without an exponent: 0.123, 12.3, 1230. */
function formatFigure(figure: number): string {
  if (figure === 0 || !Number.isFinite(figure)) return String(figure)
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(figure))))
  return figure.toFixed(Math.min(decimals, 6))
}
