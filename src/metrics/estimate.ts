/**
 * A number measured on a sample, and its 95 % confidence interval: Wilson's of a share, Student's
 * of another mean, else by bootstrap (`summarize` chooses). Without bounds where a single item
 * says nothing about the spread.
 */
export interface Estimate {
  readonly value: number
  readonly low?: number | undefined
  readonly high?: number | undefined
}
