import type { Filter } from './candidates.ts'
import { largest } from './largest.ts'

/** Keeps the `k` likeliest tokens (Fan et al. 2018). */
export const topK =
  (k: number): Filter =>
  (candidates) => {
    if (k >= candidates.count) return
    const places = largest(candidates.logits, candidates.count, k).sort()
    for (const [to, from] of places.entries()) candidates.move(from, to)
    candidates.count = k
  }
