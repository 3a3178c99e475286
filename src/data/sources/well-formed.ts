import { UserError } from '../../errors.ts'
import type { EncodingErrors } from './decode-text.ts'

/**
 * A text, or a record with texts in it, without halves of characters (lone surrogates), which JSON
 * can write as `\ud83d` but no encoding can. They are refused with a UserError that begins with
 * `name`, or read as U+FFFD, of which `replaced` is told the number.
 */
export function wellFormed<T>(
  value: T,
  name: string,
  errors: EncodingErrors,
  replaced: (count: number) => void,
): T {
  let count = 0
  const mend = (text: string): string => {
    const halves = text.match(/\p{Surrogate}/gu)
    if (!halves) return text
    if (errors === 'refuse') {
      const half = `\\u${halves[0].charCodeAt(0).toString(16)}`
      throw new UserError(
        `${name}: ${half} is half a character; correct the record, or read U+FFFD in its place (--encoding-errors replace)`,
      )
    }
    count += halves.length
    return text.replace(/\p{Surrogate}/gu, '\ufffd')
  }
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') return mend(inner)
    if (typeof inner !== 'object' || inner === null) return inner
    if (Array.isArray(inner)) return inner.map(walk)
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [mend(key), walk(one)]))
  }
  const result = walk(value) as T
  if (count > 0) replaced(count)
  return result
}
