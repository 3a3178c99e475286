import type { Adjustment } from './adjustment.ts'

/** Takes `penalty` off the logit of every token that was generated before, as OpenAI's API does. */
export const presencePenalty =
  (penalty: number): Adjustment =>
  (logits, { generated }) => {
    for (const id of generated.keys()) logits[id] = (logits[id] as number) - penalty
  }
