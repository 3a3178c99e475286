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
  const [indices, bounds] = [Int32Array.from(ordered), Int32Array.from(ends)]
  return (weights) => {
    let all = 0
    for (let i = 0; i < scores.length; i++) all += weights[i] as number
    const sums: [above: number, tied: number, positive: number] = [0, 0, 0]
    let [wrong, positives, negatives, at] = [0, 0, 0, 0]
    for (let i = 0; i < bounds.length; i++) {
      let total = 0
      for (const end = bounds[i] as number; at < end; at++)
        total += weights[indices[at] as number] as number
      sums[i % 3] = total
      if (i % 3 < 2) continue
      const [above, tied, up] = sums
      wrong += up * (negatives + above + tied / 2)
      positives += up
      negatives += above + tied
    }
    const pairs = positives * (all - positives)
    return pairs === 0 ? undefined : (pairs - wrong) / pairs
  }
}
