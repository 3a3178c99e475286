import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { Examples } from '../batch.ts'

/** Something whose position can be saved as JSON and taken up again exactly. */
export interface Position {
  state(): unknown
  /** Throws UserError when `state` is not one that this kind of reader saved. */
  restore(state: unknown): void
}

/** An endless supply of rows of consecutive tokens. */
export interface RowReader extends Position {
  /** Fills `row` (T + 1) with the ids of the next row: inputs 0 .. T-1, targets 1 .. T. */
  read(row: Int32Array): void
}

/** An endless supply of batches; its state is part of a checkpoint. */
export interface BatchReader extends Position {
  next(): Examples
}

/**
 * An endless supply of batches. Those that come as promises may be made with the model as it
 * stands; they reject with `signal.reason` when aborted.
 */
export interface BatchSource extends Position {
  next(options: { signal?: AbortSignal | undefined }): Examples | Promise<Examples>
}

/** Batches of `rows` sequences of `length` tokens. */
export function batchReader(
  reader: RowReader,
  { rows, length }: { rows: number; length: number },
): BatchReader {
  const row = new Int32Array(length + 1)
  return {
    next: () => {
      const [ids, targets] = [new Int32Array(rows * length), new Int32Array(rows * length)]
      for (let r = 0; r < rows; r++) {
        reader.read(row)
        ids.set(row.subarray(0, length), r * length)
        targets.set(row.subarray(1), r * length)
      }
      return { rows, length, arrays: { ids, targets }, count: rows * length }
    },
    state: () => reader.state(),
    restore: (state) => reader.restore(state),
  }
}

const word = z.number().int().min(0).max(0xffffffff)
export const randomState = z.tuple([word, word, word, word])

export const position = z.number().int().nonnegative()

/** A reader's saved state, or a UserError: the checkpoint is that of another kind of reader. */
export function parseState<T>(schema: z.ZodType<T>, state: unknown, reader: string): T {
  const parsed = schema.safeParse(state)
  if (parsed.success) return parsed.data
  throw new UserError(
    `the checkpoint's position in the data is not one of ${reader}: it was saved by a run with ` +
      'other data options; give the same ones, or start a new run',
  )
}
