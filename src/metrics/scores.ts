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

/** Mean distance of estimates from what is true. */
export const meanAbsoluteError = (pairs: readonly (readonly [number, number])[]): number =>
  pairs.reduce((sum, [estimate, actual]) => sum + Math.abs(estimate - actual), 0) / pairs.length

/** Pearson's correlation of estimates and what is true: 1 where they rise together. */
export function correlation(pairs: readonly (readonly [number, number])[]): number {
  const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length
  const [a, b] = [mean(0), mean(1)]
  let [ab, aa, bb] = [0, 0, 0]
  for (const [x, y] of pairs) {
    ab += (x - a) * (y - b)
    aa += (x - a) ** 2
    bb += (y - b) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}
