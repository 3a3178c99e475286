import { studentQuantile } from '../src/metrics/distributions.ts'
import type { CellResult } from './experiment.ts'

export interface Mean {
  mean: number
  /** Half the width of the 95 % interval of the mean, by Student's t; NaN for one value. */
  half: number
  count: number
}

export function meanOf(values: readonly number[]): Mean {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / (count - 1))
  const quantile = count > 1 ? studentQuantile(0.975, count - 1) : Number.NaN
  return { mean, half: (quantile * deviation) / Math.sqrt(count), count }
}

/** `81.1 ± 0.4`; without an interval where there is one value. */
export const formatMean = ({ mean, half }: Mean, decimals: number): string =>
  Number.isNaN(half)
    ? mean.toFixed(decimals)
    : `${mean.toFixed(decimals)} ± ${half.toFixed(decimals)}`

/** The results by their cell, in order. */
export function byCell<R extends CellResult>(results: readonly R[]): Map<string, R[]> {
  const cells = new Map<string, R[]>()
  for (const one of results) cells.set(one.cell, [...(cells.get(one.cell) ?? []), one])
  return cells
}

/** What one result has more than another of the same seed, for the seeds of both. */
export const differences = <R extends CellResult>(
  some: readonly R[],
  others: readonly R[],
  figureOf: (result: R) => number,
): number[] =>
  some.flatMap((one) => {
    const other = others.find(({ seed }) => seed === one.seed)
    return other ? [figureOf(one) - figureOf(other)] : []
  })

/** A Markdown table. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** A row for each cell, a column for each measure: its mean over seeds, with its interval. */
export function meansTable<R extends CellResult>(
  results: readonly R[],
  measures: Readonly<Record<string, (result: R) => number>>,
  { decimals = 3 }: { decimals?: number } = {},
): string {
  const rows = [...byCell(results)].map(([cell, ofCell]) => [
    cell,
    ...Object.values(measures).map((value) => formatMean(meanOf(ofCell.map(value)), decimals)),
    String(ofCell.length),
  ])
  return markdownTable(['cell', ...Object.keys(measures), 'seeds'], rows)
}
