import type { Filter } from './candidates.ts'

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
    // Of several as likely as the last one kept, the first stay.
    let ties = sorted.lastIndexOf(cutoff) + 1 - least
    let kept = 0
    for (let i = 0; i < count; i++) {
      const weight = weights[i] as number
      if (weight < cutoff || (weight === cutoff && ties-- <= 0)) continue
      candidates.move(i, kept++)
    }
    candidates.count = kept
  }
