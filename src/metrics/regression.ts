/** Estimates and the true numbers, of as many examples. */
export type NumberPairs = readonly (readonly [estimate: number, actual: number])[]

/** Mean distance of the estimates from the true numbers, in their unit. */
export const meanAbsoluteError = (pairs: NumberPairs): number =>
  pairs.reduce((sum, [estimate, actual]) => sum + Math.abs(estimate - actual), 0) / pairs.length

/**
 * Pearson's correlation of estimates and true numbers, -1 to 1: 1 where one is the other times a
 * positive number plus another. Undefined where the estimates, or the true numbers, are all equal:
 * nothing can vary with a constant.
 */
export function correlation(pairs: NumberPairs): number | undefined {
  const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length
  const [a, b] = [mean(0), mean(1)]
  let [ab, aa, bb] = [0, 0, 0]
  for (const [x, y] of pairs) {
    ab += (x - a) * (y - b)
    aa += (x - a) ** 2
    bb += (y - b) ** 2
  }
  const isConstant = ([0, 1] as const).some((side) =>
    pairs.every((pair) => pair[side] === pairs[0]?.[side]),
  )
  return isConstant ? undefined : ab / Math.sqrt(aa * bb)
}
