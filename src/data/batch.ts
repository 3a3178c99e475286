/** A target that the loss ignores. */
export const IGNORE = -100

/** What one training step reads: `rows` sequences of `length` tokens, row after row. */
export interface Batch {
  readonly rows: number
  readonly length: number
  /** (rows, length) ids; 0 where nothing is. */
  readonly inputs: Int32Array
  /** (rows, length): the id that follows each input, or -100. */
  readonly targets: Int32Array
}

export const emptyBatch = (rows: number, length: number): Batch => ({
  rows,
  length,
  inputs: new Int32Array(rows * length),
  targets: new Int32Array(rows * length).fill(IGNORE),
})

/** Number of targets that the loss counts. */
export const countTargets = ({ targets }: Batch): number => {
  let count = 0
  for (const target of targets) if (target !== IGNORE) count++
  return count
}

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

export type AnyBatch = Batch | Examples

/** Rows of text as the objective of a language model reads them. */
export function asExamples(batch: AnyBatch): Examples {
  if ('arrays' in batch) return batch
  const { rows, length, inputs, targets } = batch
  return { rows, length, arrays: { ids: inputs, targets }, count: countTargets(batch) }
}

/** The arrays of each `rows` rows; the last group is filled up with zeros and targets of -100. */
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
