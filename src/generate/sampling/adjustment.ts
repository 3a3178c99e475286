/** What a sequence holds so far. */
export interface History {
  /** Tokens of the prompt and of what was generated. */
  readonly seen: ReadonlySet<number>
  /** How often each token was generated. */
  readonly generated: ReadonlyMap<number, number>
}

/** Changes the logits of some tokens in place. */
export type Adjustment = (logits: Float32Array, history: History) => void
