/** A target that the loss ignores. */
export const IGNORE = -100

/** Examples as an objective reads them; rows of text have `ids` and `targets`, the next ids. */
export interface Examples {
  readonly rows: number
  /** Tokens of a row. */
  readonly length: number
  /** By the names of the objective's inputs; each is (rows, ...), row after row. */
  readonly arrays: Readonly<Record<string, Int32Array | Float32Array>>
  /** Targets that the loss counts. */
  readonly count: number
  /** How they were made, to report with the step that learns from them. */
  readonly figures?: Readonly<Record<string, number>> | undefined
}

/**
 * The arrays of each `rows` rows, in `least` groups or more; the last ones are filled up with zeros
 * and targets of -100.
 */
export function cutExamples(
  { rows: all, arrays }: Examples,
  rows: number,
  least = 1,
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
  return Array.from({ length: Math.max(least, Math.ceil(all / rows)) }, (_, i) =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, values]) => [name, part(name, values, i * rows)]),
    ),
  )
}
