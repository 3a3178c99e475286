import type { z } from 'zod'
import { UserError } from '../../errors.ts'

/** `value` by `schema`. Throws UserError that begins with `where` and says what is expected. */
export function parseRecord<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { where, expected }: { where: string; expected: string },
): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.')
  throw new UserError(
    `${where}: ${field ? `${field}: ` : ''}${issue?.message}; expected ${expected}`,
  )
}
