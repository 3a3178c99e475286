import type { z } from 'zod'
import { UserError } from '../../errors.ts'
import { withoutNulls } from '../without-nulls.ts'

/**
 * `value` by `schema`; a field that is null is as one that is not there. Throws UserError that begins with
 * `where` and says what is expected.
 */
export function parseRecord<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { where, expected }: { where: string; expected: string },
): T {
  const parsed = schema.safeParse(withoutNulls(value))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.')
  throw new UserError(
    `${where}: ${field ? `${field}: ` : ''}${issue?.message}; expected ${expected}`,
  )
}

/** What `encode` gives for a record. A UserError that it throws begins with `where`. */
export function encodeRecord<T>(where: string | undefined, encode: () => T): T {
  try {
    return encode()
  } catch (error) {
    if (!(error instanceof UserError) || where === undefined) throw error
    throw new UserError(
      error.message.startsWith(where) ? error.message : `${where}: ${error.message}`,
    )
  }
}
