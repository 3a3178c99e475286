import pc from 'picocolors'
import { formatLoss } from '../../train/report/format.ts'
import {
  formatTicks,
  type Point,
  rangesOf,
  roundTicks,
  type Series,
  smooth,
} from '../../train/report/series.ts'

export interface TerminalCurveOptions {
  /** Columns and rows of the whole picture. */
  width?: number
  height?: number
  color?: boolean
}

/**
 * Loss against steps in characters: the first series is a line of braille dots; the second,
 * measured now and then, is an `o` at each point. Gives rows of text; the first is the legend.
 */
export const terminalCurve = (
  series: readonly Series[],
  { width = 72, height = 14, color = false }: TerminalCurveOptions = {},
): string => {
  const paint = pc.createColors(color)
  const [line, marks] = series
  const ranges = rangesOf(series)
  const rows = Math.max(2, height - 3)
  const ticks = roundTicks(...ranges.values, Math.ceil(rows / 2))
  const labels = formatTicks(ticks)
  const margin = Math.max(0, ...labels.map((label) => label.length))
  const columns = Math.max(8, width - margin - 2)

  /** Dots from the top left, two to a column and four to a row; spikes end just above it. */
  const dotOf = ([step, value]: Point): [x: number, y: number] => {
    const share = (value: number, [low, high]: readonly [number, number]) =>
      (value - low) / (high - low)
    return [
      Math.round(share(step, ranges.steps) * (columns * 2 - 1)),
      Math.max(-1, Math.round((1 - share(value, ranges.values)) * (rows * 4 - 1))),
    ]
  }
  const rowOf = (value: number) => dotOf([0, value])[1] >> 2

  const canvas = new BrailleCanvas(columns, rows)
  const points = line?.noisy ? smooth(line.points) : (line?.points ?? [])
  points.forEach((point, i) => {
    const before = points[i - 1]
    const both = before && Number.isFinite(before[1] + point[1])
    if (Number.isFinite(point[1])) canvas.line(dotOf(both ? before : point), dotOf(point))
  })
  const marked = new Set<number>()
  for (const point of marks?.points ?? []) {
    const [x, y] = dotOf(point)
    if (y >= 0) marked.add((y >> 2) * columns + (x >> 1))
  }
  const cell = (column: number, row: number): string => {
    if (marked.has(row * columns + column)) return paint.yellow('o')
    const dots = canvas.at(column, row)
    return dots ? paint.cyan(dots) : ' '
  }

  const labelOf = new Map(ticks.map((tick, i) => [rowOf(tick), labels[i] as string]))
  const body = Array.from({ length: rows }, (_, row) => {
    const label = (labelOf.get(row) ?? '').padStart(margin)
    const cells = Array.from({ length: columns }, (_, column) => cell(column, row))
    return `${paint.dim(`${label} ${labelOf.has(row) ? '┤' : '│'}`)}${cells.join('').trimEnd()}`
  })
  const [first, last] = ranges.steps.map(String) as [string, string]
  const entry = (mark: string, { name }: Series, points: readonly Point[]) =>
    `${mark} ${name} ${formatLoss(points.at(-1)?.[1] ?? NaN)}`
  const legend = [
    line && entry(paint.cyan('⠶⠶'), line, points),
    marks && entry(paint.yellow('o'), marks, marks.points),
  ]
  return [
    `${' '.repeat(margin + 2)}${legend.filter(Boolean).join('   ')}`,
    ...body,
    paint.dim(`${' '.repeat(margin + 1)}└${'─'.repeat(columns)}`),
    paint.dim(`${' '.repeat(margin + 2)}${first}${last.padStart(columns - first.length)}`),
  ].join('\n')
}

/** The bits of a braille character (from U+2800) for its four rows of two dots. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

/** A canvas of characters of two by four dots each. */
class BrailleCanvas {
  readonly columns: number
  readonly rows: number
  readonly #cells: Uint8Array

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#cells = new Uint8Array(columns * rows)
  }

  /** A straight line from dot to dot; (0, 0) is at the top left. Dots outside are left out. */
  line([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): void {
    const length = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))
    for (let i = 0; i <= length; i++) {
      const share = length === 0 ? 0 : i / length
      this.#dot(Math.round(x0 + (x1 - x0) * share), Math.round(y0 + (y1 - y0) * share))
    }
  }

  /** The character of a cell; undefined if it has no dots. */
  at(column: number, row: number): string | undefined {
    const dots = this.#cells[row * this.columns + column]
    return dots ? String.fromCharCode(0x2800 + dots) : undefined
  }

  #dot(x: number, y: number): void {
    if (x < 0 || y < 0 || x >= this.columns * 2 || y >= this.rows * 4) return
    const cell = (y >> 2) * this.columns + (x >> 1)
    this.#cells[cell] = (this.#cells[cell] ?? 0) | (DOTS[y & 3]?.[x & 1] ?? 0)
  }
}
