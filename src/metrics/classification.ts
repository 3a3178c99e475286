/** Predicted and true labels, of as many examples. */
export type LabelPairs = readonly (readonly [predicted: string | undefined, actual: string])[]

/** Share of the labels that are right. */
export const accuracy = (pairs: LabelPairs): number =>
  pairs.filter(([predicted, actual]) => predicted === actual).length / pairs.length

/**
 * F1 of each label, 2 TP / (2 TP + FP + FN), averaged over the labels that are true or predicted of
 * any example, as in scikit-learn: rare ones count as much as frequent ones.
 */
export function macroF1(pairs: LabelPairs): number {
  const counts = new Map<string, { hits: number; misses: number }>()
  const countsOf = (label: string) => {
    const found = counts.get(label) ?? { hits: 0, misses: 0 }
    counts.set(label, found)
    return found
  }
  for (const [predicted, actual] of pairs) {
    if (predicted === actual) countsOf(actual).hits++
    else {
      countsOf(actual).misses++
      // A prediction that is missing is of no label.
      if (predicted !== undefined) countsOf(predicted).misses++
    }
  }
  const scores = [...counts.values()].map(({ hits, misses }) => (2 * hits) / (2 * hits + misses))
  return scores.reduce((a, b) => a + b, 0) / scores.length
}
