import { createHash } from 'node:crypto'

/**
 * Of what lists of records say, wherever they stand: a training resumes with the same ones alone.
 * It is the hash of their JSON, which is made record by record, since a string has half a gigabyte
 * at most.
 */
export function recordsHash(lists: readonly (readonly unknown[])[]): string {
  const hash = createHash('sha256')
  const json = (record: unknown) =>
    JSON.stringify(record, (key, value) => (key === 'where' ? undefined : value)) ?? 'null'
  hash.update('[')
  for (const [number, records] of lists.entries()) {
    hash.update(number > 0 ? ',[' : '[')
    for (const [i, record] of records.entries()) hash.update((i > 0 ? ',' : '') + json(record))
    hash.update(']')
  }
  return hash.update(']').digest('hex')
}
