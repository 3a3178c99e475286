import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { ItemWeights, Numbers, Statistics } from '../metrics/bootstrap.ts'
import type { Estimate } from '../metrics/estimate.ts'
import type { Item } from '../metrics/item.ts'
import { MEASURES } from '../metrics/measures/index.ts'
import type { Measure, Metric } from '../metrics/measures/measure.ts'
import { type Difference, mcNemar, pairedDifferences } from '../metrics/paired.ts'
import { coveredBy, meansOf } from '../metrics/summarize.ts'
import { flagOf, parseOptions } from '../options.ts'
import { type EvaluationRun, readRun } from './run.ts'

export interface ComparedMetric {
  readonly first: Estimate
  readonly second: Estimate
  /** Of the second less the first, on the same items. */
  readonly difference: Difference
  readonly better: Metric['better']
  /** The first of its measure, by which a model is judged. */
  readonly isMain: boolean
}

export interface Comparison {
  readonly name: string
  readonly first: string
  readonly second: string
  readonly items: number
  readonly metrics: Readonly<Record<string, ComparedMetric>>
}

/** A difference with a smaller p-value is significant. */
export const SIGNIFICANT = 0.05

export const compareOptions = z.strictObject({
  /** Folders that `evaluate` wrote, of two models on the same items. */
  first: z.string().min(1),
  second: z.string().min(1),
})

export type CompareOptions = z.input<typeof compareOptions>

/**
 * Compares two evaluations of the same items, from their folders; see `compareRuns`.
 *
 * @example
 * const { metrics } = await compareEvaluations({ first: 'old-run', second: 'new-run' })
 * console.log(metrics.accuracy?.difference)
 */
export async function compareEvaluations(options: CompareOptions): Promise<Comparison> {
  const { first, second } = parseOptions(compareOptions, options)
  return compareRuns(await readRun(first), await readRun(second))
}

/**
 * The differences of two models on the same items, with 95 % intervals by the paired bootstrap, and
 * p-values: McNemar's test of what is right or wrong, else the paired randomization test. Throws
 * UserError where the runs are not of the same items, or options differ that change what is
 * measured. `only`: a metric, in place of all.
 */
export function compareRuns(
  first: EvaluationRun,
  second: EvaluationRun,
  { only }: { only?: string } = {},
): Comparison {
  const items = sameItems(first, second)
  const metrics: Record<string, ComparedMetric> = {}
  for (const name of first.measures) {
    const measure: Measure = MEASURES[name]
    const covered = [first.items, items].map((all) => coveredBy(all, measure))
    const differences = differencesOf(measure, covered as [Item[], Item[]], only)
    for (const [i, metric] of Object.keys(measure.metrics).entries()) {
      const [before, after, difference] = [
        first.metrics[metric],
        second.metrics[metric],
        differences[metric],
      ]
      const { better } = measure.metrics[metric] as Metric
      if (before && after && difference)
        metrics[metric] = { first: before, second: after, difference, better, isMain: i === 0 }
    }
  }
  return {
    name: first.name,
    first: first.model,
    second: second.model,
    items: items.length,
    metrics,
  }
}

/** Whether the second model is significantly worse, or better, by a metric. */
export function verdictOf({
  difference: { value, p },
  better,
}: ComparedMetric): 'better' | 'worse' | 'same' | 'undefined' {
  if (!Number.isFinite(value)) return 'undefined'
  if (p >= SIGNIFICANT || value === 0) return 'same'
  return value > 0 === (better === 'higher') ? 'better' : 'worse'
}

function differencesOf(
  measure: Measure,
  [a, b]: [Item[], Item[]],
  only: string | undefined,
): Record<string, Difference> {
  const both = [...a, ...b]
  const names = Object.keys(measure.metrics).filter((name) => only === undefined || name === only)
  if (a.length === 0 || names.length === 0) return {}
  const means = meansOf(both, measure, names)
  const others = names.some((name) => !means[name]) ? measure.statistics?.(both) : undefined
  const statistics: Statistics = (weights) => {
    const numbers: Record<string, number | undefined> = { ...(others?.(weights) as Numbers) }
    for (const name of names) if (means[name]) numbers[name] = weightedMean(means[name], weights)
    return numbers
  }
  const differences = pairedDifferences(statistics, a.length)
  for (const name of names) {
    const [difference, values] = [differences[name], means[name]]
    if (!difference || !values?.every((value) => value === 0 || value === 1)) continue
    let [onlyFirst, onlySecond] = [0, 0]
    for (let i = 0; i < a.length; i++) {
      const change = (values[a.length + i] as number) - (values[i] as number)
      if (change < 0) onlyFirst++
      else if (change > 0) onlySecond++
    }
    differences[name] = { ...difference, p: mcNemar(onlyFirst, onlySecond) }
  }
  return differences
}

function weightedMean(values: Float64Array, weights: ItemWeights): number {
  let [sum, count] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    sum += (values[i] as number) * (weights[i] as number)
    count += weights[i] as number
  }
  return sum / count
}

/** The second run's items in the order of the first's. */
function sameItems(first: EvaluationRun, second: EvaluationRun): Item[] {
  const sameAgain = 'evaluate both models on the same data, with the same options'
  const refuse = (how: string, advice = sameAgain) =>
    new UserError(`the evaluations cannot be compared: ${how}; ${advice}`)
  const refuseItems = (how: string) => refuse(how, adviceFor(first, second))
  if (first.name !== second.name)
    throw refuse(`one is of ${first.name}, the other of ${second.name}`)
  const [before, after] = [first.settings, second.settings]
  for (const name of Object.keys({ ...before, ...after })) {
    const [a, b] = [before[name], after[name]].map((value) => JSON.stringify(value) ?? 'not given')
    const isOfBoth = before[name] !== undefined && after[name] !== undefined
    if (a !== b && !FREE.includes(name) && (isOfBoth || name !== 'reference'))
      throw refuse(`${flagOf(name)} is ${a} in the first, and ${b} in the second`)
  }
  const found = new Map(second.items.map((item) => [item.id, item]))
  const missing = first.items.filter(({ id }) => !found.has(id))
  if (missing.length > 0)
    throw refuseItems(
      `${missing.length} items of the first, such as ${missing[0]?.id}, ${NOT_THERE}`,
    )
  if (found.size > first.items.length) {
    const known = new Set(first.items.map(({ id }) => id))
    const more = second.items.filter(({ id }) => !known.has(id))
    throw refuseItems(`${more.length} items of the second, such as ${more[0]?.id}, ${NOT_THERE}`)
  }
  return first.items.map((item) => {
    const other = found.get(item.id) as Item
    const [before, after] = [signatureOf(item), signatureOf(other)]
    if (before === after) return other
    throw refuseItems(`item ${item.id} is ${before} in the first, and ${after} in the second`)
  })
}

/** Settings that belong to the model or the data: the items say whether these are the same. */
const FREE = [
  ...['model', 'weights', 'adapter', 'context', 'chatTemplate'],
  ...['benchmark', 'data', 'encoding', 'encodingErrors', 'limit'],
  ...['textField', 'pairField', 'labelField'],
]

/** What to do where items differ: other contexts make other items of the same data. */
function adviceFor(first: EvaluationRun, second: EvaluationRun): string | undefined {
  const { context: a, documents } = first.settings
  const { context: b } = second.settings
  if (typeof a !== 'number' || typeof b !== 'number') return undefined
  const isPacked = first.name === 'lm' && documents === 'packed'
  if (a === b)
    return isPacked
      ? 'evaluate both on the same data; where the tokenizers differ, with --documents whole'
      : undefined
  const contexts = `the contexts differ, ${a} tokens of the first model and ${b} of the second`
  return isPacked
    ? `${contexts}, and so do the windows of a text: evaluate both with --documents whole`
    : `${contexts}, and what is longer is cut or left out: evaluate both on data that fit into ` +
        `${Math.min(a, b)} tokens`
}

const NOT_THERE = 'are not in the other'

/** What an item is, whatever a model makes of it. */
function signatureOf({ input, hash, expected, scores: { bytes } }: Item): string {
  const size = bytes === undefined ? undefined : `${Math.round(bytes)} bytes`
  return [JSON.stringify(input), hash, expected && JSON.stringify(expected), size]
    .filter((part) => part !== undefined)
    .join(', ')
}
