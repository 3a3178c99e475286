import { UserError } from '../../errors.ts'
import { regExpOf } from '../peer.ts'
import { escapeRegExp } from '../token-pattern.ts'
import { isObject } from '../tokenizer-json.ts'
import { checkPattern } from './safe-pattern.ts'

/**
 * The expression of a step's `pattern`, `{ String }` or `{ Regex }` in Oniguruma's notation;
 * global. Throws UserError for any other, and for a regular expression that JavaScript cannot do,
 * or not in bounded time.
 */
export function readPattern(pattern: unknown, place: string): RegExp {
  const { String: text, Regex: source } = isObject(pattern) ? pattern : {}
  if (typeof text === 'string' && text !== '') return new RegExp(escapeRegExp(text), 'gu')
  if (typeof source !== 'string')
    throw new UserError(`${place}.pattern has neither String nor Regex`)
  let expression: RegExp
  try {
    expression = regExpOf(withoutRepeatedRepetitions(source))
  } catch (error) {
    throw new UserError(`${place}: ${(error as Error).message}`)
  }
  checkPattern(
    expression,
    `${place}: the regular expression ${JSON.stringify(source.slice(0, 80))}`,
  )
  return expression
}

/**
 * `\p{N}{1,3}+` repeats `{1,3}` in Oniguruma (elsewhere the `+` would keep it from giving back),
 * which is as much as `\p{N}+`, without several ways to match.
 */
const withoutRepeatedRepetitions = (source: string): string =>
  source.replace(/(\\.|\[(?:\\.|[^\]\\])*\])|\{1,\d*\}\+/gs, (_, kept = '+') => kept)
