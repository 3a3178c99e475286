import type { ItemWeights } from './bootstrap.ts'

/**
 * Area under the ROC curve: the probability that a positive example scores above a negative one,
 * ties counting half (Hanley & McNeil 1982). Undefined where either is missing. Sorts once, and
 * gives the area for examples that count by weights.
 */
export function rocAuc(
  scores: ArrayLike<number>,
  isPositive: (index: number) => boolean,
): (weights: ItemWeights) => number | undefined {
  const order = Int32Array.from({ length: scores.length }, (_, i) => i)
  order.sort((a, b) => (scores[a] as number) - (scores[b] as number))
  const positive = Uint8Array.from(order, (i) => Number(isPositive(i)))
  return (weights) => {
    let [area, positives, negatives] = [0, 0, 0]
    for (let start = 0; start < order.length; ) {
      const score = scores[order[start] as number]
      let [up, down, end] = [0, 0, start]
      for (; end < order.length && scores[order[end] as number] === score; end++) {
        const weight = weights[order[end] as number] as number
        if (positive[end] === 1) up += weight
        else down += weight
      }
      area += up * (negatives + down / 2)
      positives += up
      negatives += down
      start = end
    }
    return positives * negatives === 0 ? undefined : area / (positives * negatives)
  }
}
