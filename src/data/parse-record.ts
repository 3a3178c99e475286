import type { z } from 'zod'
import { UserError } from '../errors.ts'

/**
 * `value` by `schema`; a field that is null is as one that is not there. Throws UserError that
 * begins with `where` and says what is expected.
 */
export function parseRecord<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { where, expected }: { where: string; expected: string },
): T {
  const parsed = schema.safeParse(withoutNulls(value))
  if (parsed.success) return parsed.data
  const fault = firstFault(parsed.error, value)
  throw new UserError(`${where}: ${fault}; expected ${expected}${fieldsOf(value, parsed.error)}`)
}

/** `parseRecord` for one form of record, which then knows where it is from. */
export const recordParser =
  <T extends object>(schema: z.ZodType<T>, expected: string) =>
  (value: unknown, where: string): T & { readonly where: string } => ({
    ...parseRecord(schema, value, { where, expected }),
    where,
  })

/** The first thing that is wrong with `value`, and where in it. */
export function firstFault({ issues }: Pick<z.ZodError, 'issues'>, value: unknown): string {
  const { path, message, code } = issues[0] as z.core.$ZodIssue
  const field = path.join('.')
  if (field === '') return code === 'invalid_union' ? 'does not fit' : message
  const found = valueAt(value, path)
  if (found === undefined) return `${field} is missing`
  return found === null ? `${field} is null` : `${field}: ${message}`
}

/** The fields that a record has, where one is missing: it may have another name. */
function fieldsOf(value: unknown, { issues }: z.ZodError): string {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const { path = [] } = issues[0] ?? {}
  if (!isObject || (path.length > 0 && valueAt(value, path) !== undefined)) return ''
  return `; its fields are ${Object.keys(value).join(', ') || 'none'}`
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((found, key) => (found as Record<PropertyKey, unknown> | null)?.[key], value)

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

/**
 * An object without its fields that are null: Arrow, Parquet and pandas write every column in every
 * record, and null where it has none. Anything else is returned as it is.
 */
export function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null))
}
