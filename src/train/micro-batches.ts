import { cutExamples, type Examples } from '../data/batch.ts'
import type { Feeds } from '../runtime/bound.ts'

/** Tokens of a micro-batch: what its layers pass on stays in the caches of a core. */
const TOKENS = 512

/** How a batch is cut up. It depends on sizes alone, so that a run can be repeated exactly. */
export interface Plan {
  /** Examples of a micro-batch; divides the batch. */
  rows: number
  /** Micro-batches at a time. */
  shards: number
  /** Micro-batches of a step. */
  count: number
}

/** For `batch` examples of `length` tokens on `threads` threads. */
export function planMicroBatches(batch: number, length: number, threads: number): Plan {
  const fits = (rows: number) =>
    batch % rows === 0 && (rows * length <= TOKENS || rows === 1) && batch / rows >= threads
  let rows = 1
  for (let candidate = 1; candidate <= batch; candidate++) if (fits(candidate)) rows = candidate
  const count = batch / rows
  return { rows, count, shards: Math.min(threads, count) }
}

/**
 * Inputs of each micro-batch of a batch, at least one for each shard; losses are weighted to a mean
 * over the whole.
 */
export function cutBatch(batch: Examples, { rows, shards }: Omit<Plan, 'count'>): Feeds[] {
  const weight = [batch.count > 0 ? 1 / batch.count : 0]
  return cutExamples(batch, rows, shards).map((arrays) => ({ ...arrays, weight }))
}
