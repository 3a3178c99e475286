import type { Adjustment } from './adjustment.ts'

/**
 * Makes tokens of the prompt and of what was generated less likely, where `penalty` is above 1
 * (Keskar et al. 2019): divides logits that are positive, multiplies the others.
 */
export const repetitionPenalty =
  (penalty: number): Adjustment =>
  (logits, { seen }) => {
    for (const id of seen) {
      const logit = logits[id] as number
      logits[id] = logit > 0 ? logit / penalty : logit * penalty
    }
  }
