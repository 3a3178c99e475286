import type { Budget } from './budget.ts'
import { unsupported } from './fail.ts'
import { concat, isText, mapPieces, plain, type Str } from './text.ts'
import { Dict, Float, List, Range, Tuple, typeName, Undefined, type Value, View } from './values.ts'

/** Python's `str`: the text of a value in a template's output. */
export function str(budget: Budget, value: Value): Str {
  if (isText(value)) return value
  if (value instanceof Undefined) return ''
  return repr(budget, value)
}

/** Python's `repr`, also used for the members of lists. */
export function repr(budget: Budget, value: Value, level = 0): Str {
  budget.visit(level)
  if (isText(value)) return quoted(budget, value)
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  if (value instanceof Float) return floatText(value.value)
  if (value instanceof Undefined) return 'Undefined'
  const inner = (member: Value): Str => repr(budget, member, level + 1)
  if (value instanceof List) return around(budget, '[', value.items.map(inner), ']')
  if (value instanceof Tuple)
    return around(budget, '(', value.items.map(inner), value.items.length === 1 ? ',)' : ')')
  if (value instanceof Dict) {
    const pairs = Array.from(value.entries.values(), ([key, one]) =>
      concat([inner(key), ': ', inner(one)]),
    )
    return around(budget, '{', pairs, '}')
  }
  if (value instanceof View) return around(budget, `${value.kind}([`, value.items.map(inner), '])')
  if (value instanceof Range) {
    const { start, stop, step } = value
    return `range(${start}, ${stop}${step === 1 ? '' : `, ${step}`})`
  }
  throw unsupported(`the text of a ${typeName(value)}`)
}

/** The parts in brackets, with `by` between them. */
export const around = (
  budget: Budget,
  open: string,
  parts: readonly Str[],
  close: string,
  by: Str = ', ',
): Str => concat([open, join(budget, by, parts), close])

/** The parts as one text, with `by` between them. */
export function join(budget: Budget, by: Str, parts: readonly Str[]): Str {
  let size = 0
  for (const part of parts) size += plain(part).length + plain(by).length
  budget.make(size)
  return concat(parts.flatMap((part, i) => (i === 0 ? [part] : [by, part])))
}

const UNPRINTABLE = /[\p{C}\p{Z}\\']/gu
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function quoted(budget: Budget, value: Str): Str {
  const text = plain(value)
  budget.make(4 * text.length)
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = (character: string): string => {
    if (character === ' ' || (character === "'" && quote === '"')) return character
    if (character === '\\' || character === "'") return `\\${character}`
    if (NAMED[character]) return NAMED[character]
    const code = character.codePointAt(0) as number
    const [letter, digits] = code < 0x100 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8]
    return `\\${letter}${code.toString(16).padStart(digits as number, '0')}`
  }
  return concat([quote, mapPieces(value, (piece) => piece.replace(UNPRINTABLE, escaped)), quote])
}

/** Python's shortest text of a float, which keeps a dot and has exponents of its own. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  if (value === 0) return '0.0'
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 16) {
    if (power >= 0) return Number.isInteger(value) ? `${BigInt(value)}.0` : String(value)
    const sign = value < 0 ? '-' : ''
    return `${sign}0.${'0'.repeat(-power - 1)}${digits.replace(/[-.]/g, '')}`
  }
  const size = String(Math.abs(power)).padStart(2, '0')
  return `${digits}e${power < 0 ? '-' : '+'}${size}`
}
