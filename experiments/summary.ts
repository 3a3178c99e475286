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
  return { mean, half: (studentT(count - 1) * deviation) / Math.sqrt(count), count }
}

/** Quantiles .975 of Student's t, of 1 to 9 degrees of freedom. */
const T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]

/** Above the table by its expansion in 1 / degrees (Fisher & Cornish 1960), right to 0.003. */
const studentT = (degrees: number): number =>
  T975[degrees - 1] ?? 1.96 + 2.372 / degrees + 2.823 / degrees ** 2

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
