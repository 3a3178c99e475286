import { createHash } from 'node:crypto'

/** Of what records say, wherever they stand: a training goes on with the same ones alone. */
export function recordsHash(records: unknown): string {
  const text = JSON.stringify(records, (key, value) => (key === 'where' ? undefined : value))
  return createHash('sha256').update(text).digest('hex')
}
