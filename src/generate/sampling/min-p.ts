import type { Filter } from './candidates.ts'

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
