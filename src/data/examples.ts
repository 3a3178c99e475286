import { type Batch, countTargets, IGNORE, type PackedBatch } from './batch.ts'

/** Examples of a task, as its objective reads them. */
export interface Examples {
  readonly rows: number
  /** Tokens of a row. */
  readonly length: number
  /** By the names of the objective's inputs; each is (rows, ...), row after row. */
  readonly arrays: Readonly<Record<string, Int32Array | Float32Array>>
  /** Targets that the loss counts. */
  readonly count: number
}

export type AnyBatch = Batch | PackedBatch | Examples

/** Rows of text as the objective of a language model reads them. */
export function asExamples(batch: AnyBatch): Examples {
  if ('arrays' in batch) return batch
  const { rows, length, inputs, targets } = batch
  const arrays = { ids: inputs, targets }
  const count = countTargets(batch)
  if (!('segments' in batch)) return { rows, length, arrays, count }
  const { segments, positions } = batch
  return { rows, length, arrays: { ...arrays, segments, positions }, count }
}

/**
 * The arrays of each `rows` rows. Rows that the last group lacks are zeros, with targets of -100.
 */
export function cutExamples(
  { rows: all, arrays }: Examples,
  rows: number,
): Record<string, Int32Array | Float32Array>[] {
  const part = (name: string, values: Int32Array | Float32Array, start: number) => {
    const size = values.length / all
    const cut = values.subarray(start * size, (start + rows) * size)
    if (cut.length === rows * size) return cut
    const filled =
      values instanceof Int32Array ? new Int32Array(rows * size) : new Float32Array(rows * size)
    if (name === 'targets') filled.fill(IGNORE)
    filled.set(cut)
    return filled
  }
  return Array.from({ length: Math.ceil(all / rows) }, (_, i) =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, values]) => [name, part(name, values, i * rows)]),
    ),
  )
}
