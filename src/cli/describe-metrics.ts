import { type Comparison, verdictOf } from '../evaluate/compare.ts'
import type { Failure } from '../evaluate/gates.ts'
import {
  evaluationMessages,
  formatNumber,
  formatP,
  formatSigned,
  metricName,
} from '../evaluate/report/messages.ts'
import type { Language } from '../language.ts'
import { metricsOf } from '../metrics/measures/index.ts'
import type { Summary } from '../metrics/summarize.ts'
import { formatTable } from './format.ts'

/** A table of metrics with their intervals; those that are undefined for the items say so. */
export function describeMetrics({ measures, metrics }: Summary, language: Language): string {
  const words = evaluationMessages[language]
  const names = Object.keys({ ...metricsOf(measures), ...metrics })
  const rows = names.map((name) => {
    const found = metrics[name]
    const value = found ? formatNumber(found.value) : words.undefined
    return [metricName(name, language), value, intervalOf(found ?? {})]
  })
  return formatTable([['', '', words.interval], ...rows], [1])
}

/** A table of two models' metrics and their differences. */
export function describeComparison(comparison: Comparison, language: Language): string {
  const words = evaluationMessages[language]
  const { first, second, items, metrics } = comparison
  const rows = Object.entries(metrics).map(([name, compared]) => [
    metricName(name, language),
    formatNumber(compared.first.value),
    formatNumber(compared.second.value),
    formatSigned(compared.difference.value),
    intervalOf(compared.difference),
    formatP(compared.difference.p),
    words[verdictOf(compared)],
  ])
  const head = ['', 'A', 'B', words.difference, words.interval, words.p, '']
  const table = formatTable([head, ...rows], [1, 2, 3])
  return `${words.compared(first, second, items.toLocaleString(language))}\n\n${table}`
}

/** A line for each requirement that a model does not meet. */
export function describeFailures(failures: readonly Failure[], language: Language): string[] {
  const words = evaluationMessages[language]
  return failures.map(({ metric, value, limit, before, p }) => {
    const [name, is] = [metricName(metric, language), formatNumber(value)]
    return limit === undefined
      ? words.against(name, is, formatNumber(before as number), withSign(formatP(p as number)))
      : words.under(name, is, formatNumber(limit))
  })
}

/** `= 0.0123`, or `< 0.0001`. */
const withSign = (p: string): string => (p.startsWith('<') ? p : `= ${p}`)

const intervalOf = ({
  low,
  high,
}: {
  low?: number | undefined
  high?: number | undefined
}): string =>
  low === undefined || high === undefined ? '' : `${formatNumber(low)} – ${formatNumber(high)}`
