import { UserError } from '../errors.ts'
import type { Estimate } from '../metrics/estimate.ts'
import { type MeasureName, metricsOf } from '../metrics/measures/index.ts'
import { type Comparison, verdictOf } from './compare.ts'

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
 * Main metrics by which the second model is significantly worse. Throws UserError where one is
 * undefined.
 */
export const failuresAgainst = ({ metrics }: Comparison): Failure[] =>
  Object.entries(metrics).flatMap(([metric, compared]) => {
    const verdict = compared.isMain ? verdictOf(compared) : 'same'
    if (verdict === 'undefined')
      throw new UserError(`the difference of ${metric} is undefined: noWorseThan cannot be decided`)
    if (verdict !== 'worse') return []
    const { first, second, difference } = compared
    return [{ metric, value: second.value, before: first.value, p: difference.p }]
  })
