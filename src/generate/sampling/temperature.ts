import type { Filter } from './candidates.ts'

/**
 * Divides logits: below 1 the likely grow likelier, above 1 all grow alike (Ackley et al. 1985).
 */
export const temperature =
  (value: number): Filter =>
  (candidates) => {
    const { highest, logits, count } = candidates
    // Less the highest, which changes no probability: the likeliest stays finite for any `value`.
    for (let i = 0; i < count; i++) logits[i] = ((logits[i] as number) - highest) / value
  }
