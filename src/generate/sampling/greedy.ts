/** The likeliest token; of equals the first. Throws where no logit is a number. */
export function greedy(logits: Float32Array): number {
  let best = -1
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] as number
    if (logit > highest) {
      highest = logit
      best = i
    }
  }
  if (best < 0) throw new Error('no logit is a number: the weights of this model have diverged')
  return best
}
