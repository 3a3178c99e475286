import type { Candidates } from './candidates.ts'
import { largest } from './largest.ts'

/** Removes tokens, or changes how likely they are. At least one token stays. */
export type Filter = (candidates: Candidates) => void

/** Divides logits: below 1 likely tokens gain, above 1 unlikely ones do (Ackley et al. 1985). */
export const temperature =
  (value: number): Filter =>
  (candidates) => {
    const { highest, logits, count } = candidates
    // Subtracting the highest changes no probability, and keeps it finite for any `value`.
    for (let i = 0; i < count; i++) logits[i] = ((logits[i] as number) - highest) / value
  }

/** Keeps the `k` likeliest tokens (Fan et al. 2018). */
export const topK =
  (k: number): Filter =>
  (candidates) => {
    if (k >= candidates.count) return
    const kept = largest(candidates.logits, candidates.count, k).sort()
    for (const [to, from] of kept.entries()) candidates.move(from, to)
    candidates.count = k
  }

/**
 * Nucleus sampling (Holtzman et al. 2020): keeps the fewest tokens, the likeliest first, whose
 * probabilities add up to `p`.
 */
export const topP =
  (p: number): Filter =>
  (candidates) => {
    const total = candidates.weigh()
    const { weights, scratch, count } = candidates
    // All tokens below this add up to less than 1 - p: none of them is needed.
    const floor = ((1 - p) * total) / count
    let size = 0
    for (let i = 0; i < count; i++)
      if ((weights[i] as number) >= floor) scratch[size++] = weights[i] as number
    const sorted = scratch.subarray(0, size).sort()
    let least = size
    let sum = 0
    while (least > 0 && sum < p * total) sum += sorted[--least] as number
    const cutoff = sorted[least] as number
    // Of several tokens as likely as the last one kept, the first stay.
    let ties = sorted.lastIndexOf(cutoff) + 1 - least
    let kept = 0
    for (let i = 0; i < count; i++) {
      const weight = weights[i] as number
      if (weight < cutoff || (weight === cutoff && ties-- <= 0)) continue
      candidates.move(i, kept++)
    }
    candidates.count = kept
  }

/** Keeps tokens at least `p` times as likely as the likeliest (Nguyen et al. 2024). */
export const minP =
  (p: number): Filter =>
  (candidates) => {
    const least = candidates.highest + Math.log(p)
    let kept = 0
    for (let i = 0; i < candidates.count; i++)
      if ((candidates.logits[i] as number) >= least) candidates.move(i, kept++)
    candidates.count = kept
  }
