import type { Batch, PackedBatch } from '../data/batch.ts'
import { countTargets } from '../data/batch.ts'
import type { Feeds } from './gradient-step.ts'

/** Tokens of a micro-batch: what its layers pass on stays in the caches of a core. */
const TOKENS = 512

/** How a batch is cut up. It depends on sizes alone, so that a run can be repeated exactly. */
export interface Plan {
  /** Sequences of a micro-batch; divides the batch. */
  rows: number
  /** Micro-batches at a time. */
  shards: number
  /** Micro-batches of a step. */
  count: number
}

/** For `batch` sequences of `length` tokens on `threads` threads. */
export function planMicroBatches(batch: number, length: number, threads: number): Plan {
  const fits = (rows: number) =>
    batch % rows === 0 && (rows * length <= TOKENS || rows === 1) && batch / rows >= threads
  let rows = 1
  for (let candidate = 1; candidate <= batch; candidate++) if (fits(candidate)) rows = candidate
  const count = batch / rows
  return { rows, count, shards: Math.min(threads, count) }
}

/** Inputs of each micro-batch of a batch; losses are weighted to a mean over the whole. */
export function cutBatch(batch: Batch | PackedBatch, rows: number): Feeds[] {
  const counted = countTargets(batch)
  const weight = [counted > 0 ? 1 / counted : 0]
  const size = rows * batch.length
  return Array.from({ length: batch.rows / rows }, (_, i) => {
    const part = (values: Int32Array) => values.subarray(i * size, (i + 1) * size)
    const feeds = { ids: part(batch.inputs), targets: part(batch.targets), weight }
    if (!('segments' in batch)) return feeds
    return { ...feeds, segments: part(batch.segments), positions: part(batch.positions) }
  })
}
