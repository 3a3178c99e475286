/** An answer as text; or, for tagged words, the tag of each word, `''` where one is missing. */
export type Answer = string | readonly string[]

/** One thing that a model was measured on: a record, a document, a window of text, a question. */
export interface Item {
  /** What it is in all evaluations on the same data, such as `test.jsonl:12`. */
  readonly id: string
  readonly input?: string | undefined
  /** Of the whole input, where `input` is its beginning. */
  readonly hash?: string | undefined
  readonly expected?: Answer | undefined
  readonly predicted?: Answer | undefined
  /**
   * What metrics average or add up: `correct` (0 or 1), `loss` (nats, of all its `tokens`),
   * `tokens`, `words`, `bytes`, ...; see the measures.
   */
  readonly scores: Readonly<Record<string, number>>
  /** Of each label. */
  readonly probabilities?: Readonly<Record<string, number>> | undefined
}
