import { z } from 'zod'
import { UserError } from '../../errors.ts'

const word = z.number().int().min(0).max(0xffffffff)
export const randomState = z.tuple([word, word, word, word])

export const position = z.number().int().nonnegative()

/** A reader's saved state, or a UserError: the checkpoint is that of another kind of reader. */
export function parseState<T>(schema: z.ZodType<T>, state: unknown, reader: string): T {
  const parsed = schema.safeParse(state)
  if (parsed.success) return parsed.data
  throw new UserError(
    `the checkpoint's place in the data is not one of ${reader}: it was saved by a run with ` +
      'other data options; give the same ones, or start a new run',
  )
}
