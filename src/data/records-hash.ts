import { createHash } from 'node:crypto'

/** A record as JSON, without where it was read; what it says itself under that name stays. */
export const recordJson = (record: unknown): string =>
  JSON.stringify(record, function (this: unknown, key, value) {
    return key === 'where' && this === record ? undefined : value
  }) ?? 'null'

/**
 * Of what lists of records say, wherever they stand: a training resumes with the same ones alone.
 * It is the hash of their JSON, which is made record by record, since a string has half a gigabyte
 * at most.
 */
export function recordsHash(lists: readonly (readonly unknown[])[]): string {
  const hash = createHash('sha256')
  hash.update('[')
  for (const [number, records] of lists.entries()) {
    hash.update(number > 0 ? ',[' : '[')
    for (const [i, record] of records.entries())
      hash.update((i > 0 ? ',' : '') + recordJson(record))
    hash.update(']')
  }
  return hash.update(']').digest('hex')
}
