import { largest } from './largest.ts'

export interface TokenLogProbability {
  token: number
  logprob: number
}

/** Natural logarithms of the model's own probabilities, before penalties and filters. */
export interface LogProbabilities {
  of(token: number): number
  /** The `count` likeliest tokens, the likeliest first. */
  top(count: number): TokenLogProbability[]
}

/** Log-softmax of logits (V), which are read at each call: call before they change. */
export function logProbabilities(logits: Float32Array): LogProbabilities {
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logits.length; i++) highest = Math.max(highest, logits[i] as number)
  let total = 0
  for (let i = 0; i < logits.length; i++) total += Math.exp((logits[i] as number) - highest)
  const normalizer = highest + Math.log(total)
  const of = (token: number) => (logits[token] as number) - normalizer
  return {
    of,
    top: (count) =>
      Array.from(largest(logits, logits.length, count), (token) => ({ token, logprob: of(token) })),
  }
}
