/** Tokens of a sequence so far. */
export interface History {
  /** Tokens of the prompt and of the generated text. */
  readonly seen: ReadonlySet<number>
  /** How often each token was generated. */
  readonly generated: ReadonlyMap<number, number>
}

/** Changes the logits of some tokens in place, before filters see them. */
export type Adjustment = (logits: Float32Array, history: History) => void

/** Adds to the logits of single tokens: -100 all but forbids one, 100 all but demands it. */
export const logitBias = (bias: Readonly<Record<string, number>>): Adjustment => {
  const entries = Object.entries(bias).map(([id, value]) => [Number(id), value] as const)
  return (logits) => {
    for (const [id, value] of entries) logits[id] = (logits[id] as number) + value
  }
}

/**
 * A `penalty` above 1 makes tokens of the prompt and the generated text less likely (Keskar et al.
 * 2019): positive logits are divided by it, the others multiplied.
 */
export const repetitionPenalty =
  (penalty: number): Adjustment =>
  (logits, { seen }) => {
    for (const id of seen) {
      const logit = logits[id] as number
      logits[id] = logit > 0 ? logit / penalty : logit * penalty
    }
  }

/** Subtracts `penalty` from the logit of every generated token, as OpenAI's API does. */
export const presencePenalty =
  (penalty: number): Adjustment =>
  (logits, { generated }) => {
    for (const id of generated.keys()) logits[id] = (logits[id] as number) - penalty
  }

/** Subtracts `penalty` once for each time a token was generated, as OpenAI's API does. */
export const frequencyPenalty =
  (penalty: number): Adjustment =>
  (logits, { generated }) => {
    for (const [id, times] of generated) logits[id] = (logits[id] as number) - penalty * times
  }
