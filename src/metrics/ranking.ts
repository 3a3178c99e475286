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
  /** 1 at the last of equal scores. */
  const ends = Uint8Array.from(order, (index, i) => {
    return Number(i === order.length - 1 || scores[order[i + 1] as number] !== scores[index])
  })
  return (weights) => {
    let area = 0
    let positives = 0
    let negatives = 0
    let up = 0
    let down = 0
    for (let i = 0; i < order.length; i++) {
      const weight = weights[order[i] as number] as number
      if (positive[i] === 1) up += weight
      else down += weight
      if (ends[i] === 0) continue
      area += up * (negatives + down / 2)
      positives += up
      negatives += down
      up = 0
      down = 0
    }
    return positives * negatives === 0 ? undefined : area / (positives * negatives)
  }
}
