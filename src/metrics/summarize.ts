import { bootstrap, once } from './bootstrap.ts'
import type { CalibrationBin } from './calibration.ts'
import { confusionMatrix, countLabels, sortedLabels } from './classification.ts'
import type { Estimate } from './estimate.ts'
import { meanEstimate, shareEstimate } from './intervals.ts'
import type { Item } from './item.ts'
import { MEASURES, type MeasureName } from './measures/index.ts'
import { codeItems } from './measures/labels.ts'
import { type Measure, quotient } from './measures/measure.ts'
import { calibrationOf } from './measures/probabilities.ts'

/**
 * How well one label is found. Where items have one answer each, the intervals of precision and
 * recall are Wilson's; all others are of the bootstrap of items.
 */
export interface ClassReport {
  readonly label: string
  /** Examples of it. */
  readonly count: number
  /** Undefined where it was never predicted, or is of no example. */
  readonly precision?: Estimate | undefined
  readonly recall?: Estimate | undefined
  readonly f1: Estimate
}

/** The numbers of an evaluation, all of which its items give. */
export interface Summary {
  readonly measures: readonly MeasureName[]
  /** By name; those that are undefined for these items are left out. */
  readonly metrics: Readonly<Record<string, Estimate>>
  readonly classes?: readonly ClassReport[] | undefined
  /** `counts[i][j]`: how often `labels[i]` was taken for `labels[j]`. */
  readonly confusion?:
    | { readonly labels: readonly string[]; readonly counts: readonly (readonly number[])[] }
    | undefined
  readonly calibration?: readonly CalibrationBin[] | undefined
}

/**
 * Metrics of items with 95 % intervals: Wilson's of proportions, Student's of other means, by
 * bootstrap of all others.
 */
export function summarize(items: readonly Item[], measures: readonly MeasureName[]): Summary {
  const metrics: Record<string, Estimate> = {}
  for (const name of measures) Object.assign(metrics, estimates(items, MEASURES[name]))
  const withProbabilities = items.filter(({ probabilities }) => probabilities !== undefined)
  return {
    measures,
    metrics,
    ...(measures.includes('labels') && classesOf(items)),
    ...(measures.includes('probabilities') && { calibration: calibrationOf(withProbabilities) }),
  }
}

/** The numbers that training reports of a model, without intervals. */
export function briefNumbers(
  items: readonly Item[],
  measures: readonly MeasureName[],
): Record<string, number> {
  const numbers: Record<string, number> = {}
  for (const measure of measures.map((name): Measure => MEASURES[name])) {
    const covered = coveredBy(items, measure)
    const means = meansOf(covered, measure, measure.brief)
    const others = measure.brief.some((name) => !means[name])
      ? measure.statistics?.(covered)(once(covered.length))
      : undefined
    for (const name of measure.brief) {
      const value = means[name] ? meanEstimate(means[name]).value : others?.[name]
      if (value !== undefined) numbers[name] = value
    }
  }
  return numbers
}

/** The items that a measure is of. */
export const coveredBy = (items: readonly Item[], { covers }: Measure): readonly Item[] =>
  covers ? items.filter(covers) : items

function estimates(items: readonly Item[], measure: Measure): Record<string, Estimate> {
  const covered = coveredBy(items, measure)
  if (covered.length === 0) return {}
  const names = Object.keys(measure.metrics)
  const means = meansOf(covered, measure, names)
  const others =
    measure.statistics && names.some((name) => !means[name])
      ? bootstrap(measure.statistics(covered), covered.length)
      : {}
  const estimateOf = (name: string) => {
    const values = means[name]
    if (!values) return others[name]
    if (!measure.metrics[name]?.isProportion) return meanEstimate(values)
    const hits = values.reduce((sum, value) => sum + value)
    return shareEstimate(hits, values.length)
  }
  const all = names.map((name) => [name, estimateOf(name)] as const)
  return Object.fromEntries(all.filter((entry): entry is [string, Estimate] => Boolean(entry[1])))
}

/** What each item adds to metrics that are means. */
export function meansOf(
  items: readonly Item[],
  { metrics }: Measure,
  names: readonly string[],
): Record<string, Float64Array | undefined> {
  return Object.fromEntries(
    names.map((name) => {
      const of = metrics[name]?.of
      const values = of ? items.map(of) : []
      const isMean = values.length > 0 && values.every((value) => value !== undefined)
      return [name, isMean ? Float64Array.from(values as number[]) : undefined]
    }),
  )
}

/** Precision, recall and F1 of each label, and which labels are taken for which. */
function classesOf(items: readonly Item[]): Pick<Summary, 'classes' | 'confusion'> {
  const { coded, owners } = codeItems(items)
  const counts = countLabels(coded)
  const labels = sortedLabels(coded.labels)
  const order = labels.map((label) => coded.labels.indexOf(label))
  const drawn = bootstrap((weights) => {
    const { hits, predicted, actual } = countLabels(coded, weights, owners)
    const numbers = order.map((i) => {
      const [hit, said, is] = [hits[i], predicted[i], actual[i]] as [number, number, number]
      return [
        [`precision ${i}`, quotient(hit, said)],
        [`recall ${i}`, quotient(hit, is)],
        [`f1 ${i}`, quotient(2 * hit, said + is)],
      ]
    })
    return Object.fromEntries(numbers.flat())
  }, items.length)
  const isClustered = owners.length > items.length
  const share = (hits: number, all: number, name: string) =>
    isClustered || all === 0 ? drawn[name] : shareEstimate(hits, all)
  const classes = order.map((i, at): ClassReport => {
    const [hits, predicted, actual] = [counts.hits, counts.predicted, counts.actual].map(
      (one) => one[i] as number,
    ) as [number, number, number]
    return {
      label: labels[at] as string,
      count: actual,
      precision: share(hits, predicted, `precision ${i}`),
      recall: share(hits, actual, `recall ${i}`),
      f1: drawn[`f1 ${i}`] as Estimate,
    }
  })
  return { classes, confusion: confusionOf(items) }
}

/** Which answers of items are taken for which. */
export function confusionOf(items: readonly Item[]): Summary['confusion'] {
  const { coded } = codeItems(items)
  const matrix = confusionMatrix(coded)
  const labels = sortedLabels(coded.labels)
  const order = labels.map((label) => coded.labels.indexOf(label))
  return { labels, counts: order.map((i) => order.map((j) => matrix[i]?.[j] as number)) }
}
