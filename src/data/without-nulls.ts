/**
 * An object without its fields that are null: Arrow, Parquet and pandas write every column in every
 * record, and null where it has none. Anything else is returned as it is.
 */
export function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null))
}
