import { UserError } from '../errors.ts'
import type { Estimate } from '../metrics/estimate.ts'
import { type MeasureName, metricsOf } from '../metrics/measures/index.ts'
import { type Comparison, SIGNIFICANT, verdictOf } from './compare.ts'

/** A requirement that a model does not meet. */
export interface Failure {
  readonly metric: string
  readonly value: number
  /** The limit of `failUnder`. */
  readonly limit?: number
  /** What the other model of `noWorseThan` has, and the p-value of the difference. */
  readonly before?: number
  readonly p?: number
}

/** Throws UserError where a limit is of a metric that the measures do not have. */
export function checkLimits(
  limits: Readonly<Record<string, number>>,
  measures: readonly MeasureName[],
): void {
  const known = Object.keys(metricsOf(measures))
  for (const name of Object.keys(limits))
    if (!known.includes(name))
      throw new UserError(
        `failUnder names ${name}, which is not measured here; choose among ${known.join(', ')}`,
      )
}

/** Metrics that are worse than their limits: below, or above where less is better. */
export function failuresUnder(
  limits: Readonly<Record<string, number>>,
  measures: readonly MeasureName[],
  metrics: Readonly<Record<string, Estimate>>,
): Failure[] {
  const all = metricsOf(measures)
  return Object.entries(limits).flatMap(([metric, limit]) => {
    const value = metrics[metric]?.value
    if (value === undefined || Number.isNaN(value))
      throw new UserError(`${metric} is undefined for this data: failUnder cannot be decided`)
    const isWorse = all[metric]?.better === 'lower' ? value > limit : value < limit
    return isWorse ? [{ metric, value, limit }] : []
  })
}

/**
 * Main metrics by which the second model is significantly worse, by Holm's correction (1979): of n
 * p-values the least must be below 0.05 / n, the next below 0.05 / (n - 1), and so on. Throws
 * UserError where one is undefined.
 */
export function failuresAgainst({ metrics }: Comparison): Failure[] {
  const main = Object.entries(metrics).filter(([, { isMain }]) => isMain)
  for (const [metric, compared] of main)
    if (verdictOf(compared) === 'undefined')
      throw new UserError(`the difference of ${metric} is undefined: noWorseThan cannot be decided`)
  main.sort(([, one], [, other]) => one.difference.p - other.difference.p)
  const end = main.findIndex(([, { difference }], i) => {
    return difference.p >= SIGNIFICANT / (main.length - i)
  })
  const significant = end < 0 ? main : main.slice(0, end)
  return significant.flatMap(([metric, compared]) => {
    if (verdictOf(compared) !== 'worse') return []
    const { first, second, difference } = compared
    return [{ metric, value: second.value, before: first.value, p: difference.p }]
  })
}
