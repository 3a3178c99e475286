import type { Filter } from './candidates.ts'

/** Divides logits: below 1 the likely grow likelier, above 1 all grow alike (Ackley et al. 1985). */
export const temperature =
  (value: number): Filter =>
  (candidates) => {
    const { logits, count } = candidates
    for (let i = 0; i < count; i++) logits[i] = (logits[i] as number) / value
  }
