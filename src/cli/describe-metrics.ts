import type { Estimate } from '../metrics/estimate.ts'
import { metricsOf } from '../metrics/measures/index.ts'
import type { Summary } from '../metrics/summarize.ts'
import { formatTable } from './format.ts'

/** A table of metrics with their intervals; those that are undefined for the items say so. */
export function describeMetrics({ measures, metrics }: Summary): string {
  const names = Object.keys({ ...metricsOf(measures), ...metrics })
  const rows = names.map((name) => {
    const found = metrics[name]
    return [wordsOf(name), found ? formatNumber(found.value) : 'undefined', intervalOf(found)]
  })
  return formatTable([['', '', '95 % interval'], ...rows], [1])
}

/** Four decimals, fewer of large numbers. */
export const formatNumber = (x: number): string =>
  Math.abs(x) < 10 ? x.toFixed(4) : Math.abs(x) < 1e6 ? x.toFixed(2) : x.toExponential(2)

const intervalOf = (estimate: Estimate | undefined): string => {
  if (estimate?.low === undefined || estimate.high === undefined) return ''
  return `${formatNumber(estimate.low)} to ${formatNumber(estimate.high)}`
}

/** `exactMatch` -> `exact match`. */
const wordsOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
