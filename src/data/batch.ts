/** A target that the loss leaves out. */
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

/** Several conversations in a row, none of which may attend to another. */
export interface PackedBatch extends Batch {
  /** (rows, length): 1, 2, ... per conversation of the row; 0 where nothing is. */
  readonly segments: Int32Array
  /** (rows, length): places within the conversation, from 0. */
  readonly positions: Int32Array
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
