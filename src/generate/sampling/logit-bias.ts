import type { Adjustment } from './adjustment.ts'

/** Adds to the logits of single tokens: -100 all but forbids one, 100 all but demands it. */
export const logitBias = (bias: Readonly<Record<string, number>>): Adjustment => {
  const entries = Object.entries(bias).map(([id, value]) => [Number(id), value] as const)
  return (logits) => {
    for (const [id, value] of entries) logits[id] = (logits[id] as number) + value
  }
}
