import type { TrainingRows } from '../tasks/task.ts'

/** Steps whose trend is taken at most and at least. */
const STEPS = 40
const LEAST = 10
/** How clear a trend must be: standard errors of its slope; few steps happen to be in order. */
const clear = (steps: number): number => (steps < STEPS ? 8 : 4)

/**
 * Warns once when the rewards of preferred and rejected answers both fall, that is, when both
 * become less likely: the margin grows, and what the model writes instead is neither of them
 * (Pal et al. 2024; huggingface/trl#800). A trend is clear if the slope of the last 40 steps, by
 * least squares, is four standard errors below zero, or eight while there are fewer, from 10 on;
 * and the preferred answers must be less likely than at the start.
 */
export function likelihoodWatch(): NonNullable<TrainingRows['watch']> {
  const chosen: number[] = []
  const rejected: number[] = []
  let start: number | undefined
  let isWarned = false
  return ({ rewardChosen, rewardRejected }) => {
    if (rewardChosen === undefined || rewardRejected === undefined || isWarned) return undefined
    start ??= rewardChosen
    for (const [values, value] of [
      [chosen, rewardChosen],
      [rejected, rewardRejected],
    ] as const) {
      values.push(value)
      if (values.length > STEPS) values.shift()
    }
    const isLower = chosen.reduce((a, b) => a + b, 0) / chosen.length < start
    isWarned = chosen.length >= LEAST && isLower && [chosen, rejected].every(falls)
    return isWarned ? WARNING : undefined
  }
}

const WARNING =
  'preferred and rejected answers both become less likely: the model unlearns answers that it ' +
  'should prefer, while the margin grows; add their loss with --nll-weight 1, lower --lr, or ' +
  'raise --beta'

/** Whether the slope of values, by least squares, is clearly below zero. */
function falls(values: readonly number[]): boolean {
  const count = values.length
  const middle = (count - 1) / 2
  const mean = values.reduce((a, b) => a + b, 0) / count
  let [spread, together, total] = [0, 0, 0]
  for (const [i, value] of values.entries()) {
    spread += (i - middle) ** 2
    together += (i - middle) * (value - mean)
    total += (value - mean) ** 2
  }
  const slope = together / spread
  const left = Math.max(0, total - slope * together)
  const error = Math.sqrt(left / (count - 2) / spread)
  return slope < 0 && slope < -clear(count) * error
}
