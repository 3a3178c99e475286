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
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number))
  // From the highest score on: negatives alone, then negatives and positives of one score.
  const ordered: number[] = []
  const ends: number[] = []
  let above: number[] = []
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i] as number]
    const tied: [negative: number[], positive: number[]] = [[], []]
    for (; i < order.length && scores[order[i] as number] === score; i++)
      tied[isPositive(order[i] as number) ? 1 : 0].push(order[i] as number)
    if (tied[1].length === 0) for (const index of tied[0]) above.push(index)
    else {
      for (const part of [above, ...tied]) {
        for (const index of part) ordered.push(index)
        ends.push(ordered.length)
      }
      above = []
    }
  }
  const indices = Int32Array.from(ordered)
  return (weights) => {
    let all = 0
    for (let i = 0; i < scores.length; i++) all += weights[i] as number
    let [wrong, positives, negatives, at] = [0, 0, 0, 0]
    const sum = (end: number) => {
      let total = 0
      for (; at < end; at++) total += weights[indices[at] as number] as number
      return total
    }
    for (let i = 0; i < ends.length; i += 3) {
      negatives += sum(ends[i] as number)
      const down = sum(ends[i + 1] as number)
      const up = sum(ends[i + 2] as number)
      wrong += up * (negatives + down / 2)
      positives += up
      negatives += down
    }
    const pairs = positives * (all - positives)
    return pairs === 0 ? undefined : (pairs - wrong) / pairs
  }
}
