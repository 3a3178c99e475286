import type { Adjustment } from './adjustment.ts'

/**
 * Takes `penalty` off a token's logit for each time that it was generated, as OpenAI's API does.
 */
export const frequencyPenalty =
  (penalty: number): Adjustment =>
  (logits, { generated }) => {
    for (const [id, times] of generated) logits[id] = (logits[id] as number) - penalty * times
  }
