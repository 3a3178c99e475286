import type { Budget } from './budget.ts'
import { fail, unsupported } from './fail.ts'
import { repr, str } from './show.ts'
import { codePoints, concat, isText, plain, type Str, slice } from './text.ts'
import {
  Dict,
  Float,
  List,
  numberOf,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts'

const DIRECTIVE = /%(?:\(([^)]*)\))?([-+ 0#]*)(\d*|\*)(?:\.(\d*|\*))?[hlL]?(.)?/gs

/** Python's `text % values`. Throws UserError for the directives that are not known here. */
export function formatPercent(budget: Budget, format: Str, values: Value): Str {
  const text = plain(format)
  budget.make(4 * text.length)
  const list = values instanceof Tuple ? values.items : [values]
  const parts: Str[] = []
  let used = 0
  let from = 0
  let isMapped = false
  for (const match of text.matchAll(DIRECTIVE)) {
    const [all, key, flags = '', width = '', precision, type] = match
    parts.push(slice(format, from, match.index))
    from = match.index + all.length
    if (type === '%' && all === '%%') {
      parts.push('%')
      continue
    }
    if (type === undefined) throw fail('the format of % ends too early')
    if (width === '*' || precision === '*') throw unsupported(`the format ${all}`)
    let value: Value | undefined
    if (key !== undefined) {
      if (!(values instanceof Dict)) throw fail('the format of % expects a mapping')
      value = values.get(key)
      isMapped = true
      if (value === undefined) throw fail(`the format of % has no value for ${key}`)
    } else value = list[used++]
    if (value === undefined) throw fail('there are fewer values than the format of % asks for')
    budget.make(Number(width) + Number(precision ?? 0))
    const shown = directive(budget, { all, flags, precision, type }, value)
    const isNumber = type !== 's' && type !== 'r'
    parts.push(pad(shown, isNumber ? flags : flags.replaceAll('0', ''), Number(width)))
  }
  parts.push(slice(format, from))
  // Python takes whatever has members for a mapping, whose members need not all be used.
  const isMapping =
    isMapped || [Dict, List, Range, Undefined].some((type) => values instanceof type)
  if (used < list.length && !isMapping)
    throw fail('there are more values than the format of % asks for')
  return concat(parts)
}

interface Directive {
  readonly all: string
  readonly flags: string
  readonly precision: string | undefined
  readonly type: string
}

function directive(budget: Budget, { all, flags, precision, type }: Directive, value: Value): Str {
  if (type === 's' || type === 'r') {
    const text = type === 's' ? str(budget, value) : repr(budget, value)
    return precision === undefined
      ? text
      : slice(text, 0, codePoints(plain(text)).at(Number(precision)))
  }
  if (flags.includes('#') || !'diuxXofF'.includes(type)) throw unsupported(`the format ${all}`)
  const number = numberOf(value)
  if (number === undefined)
    throw fail(`%${type} expects a number, not ${isText(value) ? 'a text' : typeName(value)}`)
  const isFloat = type === 'f' || type === 'F'
  if (!isFloat && !Number.isFinite(number)) throw fail(`%${type} expects a finite number`)
  const shown = isFloat ? number : Math.trunc(number) + 0
  const isNegative = shown < 0 || Object.is(shown, -0)
  const sign = isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  const size = Math.abs(shown)
  if (isFloat) {
    if (!Number.isFinite(size)) return sign + (Number.isNaN(size) ? 'nan' : 'inf')
    return sign + fixed(size, Number(precision ?? 6))
  }
  const isDecimal = 'diu'.includes(type)
  if (value instanceof Float && !isDecimal) throw fail(`%${type} expects an integer, not float`)
  const digits = isDecimal ? String(BigInt(size)) : size.toString(type === 'o' ? 8 : 16)
  const padded = digits.padStart(Number(precision ?? 0), '0')
  return sign + (type === 'X' ? padded.toUpperCase() : padded)
}

/** Decimal digits of a number that is not negative, halves to the even digit as Python does. */
export function fixed(number: number, digits: number): string {
  if (digits > 60) throw unsupported(`${digits} digits after the point`)
  if (number >= 1e21) return `${BigInt(number)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`
  const text = number.toFixed(digits)
  // `toFixed` is exact, but takes halves up.
  const [, fraction = ''] = number.toFixed(digits + 40).split('.')
  const isHalf = /^50*$/.test(fraction.slice(digits))
  if (!isHalf || Number(text.at(-1)) % 2 === 0) return text
  const units = String(BigInt(text.replace('.', '')) - 1n).padStart(digits + 1, '0')
  return digits === 0 ? units : `${units.slice(0, -digits)}.${units.slice(-digits)}`
}

function pad(text: Str, flags: string, width: number): Str {
  const missing = width - codePoints(plain(text)).length
  if (missing <= 0) return text
  if (flags.includes('-')) return concat([text, ' '.repeat(missing)])
  if (!flags.includes('0')) return concat([' '.repeat(missing), text])
  const sign = /^[-+ ]/.exec(plain(text))?.[0] ?? ''
  return sign + '0'.repeat(missing) + plain(text).slice(sign.length)
}
