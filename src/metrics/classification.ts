import type { ItemWeights } from './bootstrap.ts'

/** Predicted and true labels, of as many examples. */
export type LabelPairs = readonly (readonly [predicted: string | undefined, actual: string])[]

/** Labels as numbers, which count quickly. */
export interface CodedLabels {
  /** All labels that are true or predicted of any example. */
  readonly labels: readonly string[]
  /** Of each example; -1 where the prediction is missing. */
  readonly predicted: Int32Array
  readonly actual: Int32Array
}

/** How often each label was predicted, was true, and both. */
export interface LabelCounts {
  readonly hits: Float64Array
  readonly predicted: Float64Array
  readonly actual: Float64Array
}

/** How the scores of labels become one: of all examples at once, or of the labels' scores. */
export type Average = 'micro' | 'macro' | 'weighted'

export function codeLabels(pairs: LabelPairs): CodedLabels {
  const numbers = new Map<string, number>()
  const code = (label: string | undefined) => {
    if (label === undefined) return -1
    const number = numbers.get(label) ?? numbers.size
    numbers.set(label, number)
    return number
  }
  const actual = Int32Array.from(pairs, ([, label]) => code(label))
  const predicted = Int32Array.from(pairs, ([label]) => code(label))
  return { labels: [...numbers.keys()], predicted, actual }
}

/** Each label once, sorted as text; as numbers where all are numbers. */
export function sortedLabels(labels: Iterable<string>): string[] {
  const all = [...new Set(labels)].sort()
  const areNumbers = all.every((label) => label.trim() !== '' && Number.isFinite(Number(label)))
  return areNumbers ? all.sort((a, b) => Number(a) - Number(b)) : all
}

/** Example i counts `weights[owners[i]]` times; without `owners`, `weights[i]` times. */
export function countLabels(
  { labels, predicted, actual }: CodedLabels,
  weights?: ItemWeights,
  owners?: Int32Array,
): LabelCounts {
  const zeros = () => new Float64Array(labels.length)
  const counts = { hits: zeros(), predicted: zeros(), actual: zeros() }
  for (let i = 0; i < actual.length; i++) {
    const weight = weights ? (weights[owners ? (owners[i] as number) : i] as number) : 1
    const [said, is] = [predicted[i] as number, actual[i] as number]
    counts.actual[is] = (counts.actual[is] as number) + weight
    // A prediction that is missing is of no label.
    if (said >= 0) counts.predicted[said] = (counts.predicted[said] as number) + weight
    if (said === is) counts.hits[is] = (counts.hits[is] as number) + weight
  }
  return counts
}

/** Examples by true label (rows) and predicted label (columns), in the order of `labels`. */
export function confusionMatrix({ labels, predicted, actual }: CodedLabels): number[][] {
  const matrix = labels.map(() => new Array<number>(labels.length).fill(0))
  for (const [i, is] of actual.entries()) {
    const row = matrix[is] as number[]
    const said = predicted[i] as number
    if (said >= 0) row[said] = (row[said] as number) + 1
  }
  return matrix
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)

/** a / b, and 0 where b is 0 (scikit-learn's `zero_division`). */
const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b)

/** Share of the labels that are right. */
export const accuracy = ({ hits, actual }: LabelCounts): number | undefined =>
  sum(actual) === 0 ? undefined : sum(hits) / sum(actual)

/** Mean over the labels that occur of the share of their examples that is found. */
export function balancedAccuracy({ hits, actual }: LabelCounts): number | undefined {
  let [total, labels] = [0, 0]
  for (const [i, count] of actual.entries()) {
    if (count === 0) continue
    total += (hits[i] as number) / count
    labels++
  }
  return labels === 0 ? undefined : total / labels
}

/**
 * A score of each label by its hits, predictions and examples, averaged. Labels that are neither
 * true nor predicted of any example do not count, as in scikit-learn. Undefined without examples.
 */
function averaged(
  score: (hits: number, predicted: number, actual: number) => number,
  counts: LabelCounts,
  average: Average,
): number | undefined {
  const all = sum(counts.actual)
  if (all === 0) return undefined
  if (average === 'micro') return score(sum(counts.hits), sum(counts.predicted), all)
  let [total, weight] = [0, 0]
  for (const [i, actual] of counts.actual.entries()) {
    const predicted = counts.predicted[i] as number
    if (actual + predicted === 0) continue
    const share = average === 'macro' ? 1 : actual
    total += share * score(counts.hits[i] as number, predicted, actual)
    weight += share
  }
  return total / weight
}

/** Share of the predictions of a label that are right. */
export const precision = (counts: LabelCounts, average: Average = 'macro'): number | undefined =>
  averaged((hits, predicted) => ratio(hits, predicted), counts, average)

/** Share of the examples of a label that are found. */
export const recall = (counts: LabelCounts, average: Average = 'macro'): number | undefined =>
  averaged((hits, _, actual) => ratio(hits, actual), counts, average)

/** Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN). */
export const f1 = (counts: LabelCounts, average: Average = 'macro'): number | undefined =>
  averaged((hits, predicted, actual) => ratio(2 * hits, predicted + actual), counts, average)

/**
 * Correlation of predicted and true labels, -1 to 1, for any number of labels (Matthews 1975;
 * Gorodkin 2004); 0 where all predictions, or all examples, are of one label, as in scikit-learn.
 */
export function matthewsCorrelation({ hits, predicted, actual }: LabelCounts): number | undefined {
  const all = sum(actual)
  if (all === 0) return undefined
  // Missing predictions are one more label, which no example has.
  const missing = all - sum(predicted)
  let [both, saids, truths] = [0, missing ** 2, 0]
  for (const [i, count] of actual.entries()) {
    const said = predicted[i] as number
    both += said * count
    saids += said ** 2
    truths += count ** 2
  }
  const spread = (all ** 2 - saids) * (all ** 2 - truths)
  return spread <= 0 ? 0 : (sum(hits) * all - both) / Math.sqrt(spread)
}
