import { type Budget, MEMBER } from './budget.ts'
import { fail, unsupported } from './fail.ts'
import { formatPercent } from './format.ts'
import { join, str } from './show.ts'
import { codePoints, concat, isText, plain, type Str, slice } from './text.ts'
import {
  Dict,
  Float,
  Iterator,
  List,
  numberOf,
  Range,
  Sequence,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from './values.ts'

export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false
  if (isText(value)) return plain(value) !== ''
  const number = numberOf(value)
  if (number !== undefined) return number !== 0
  const length = lengthOf(value)
  return length === undefined || length > 0
}

/** Python's `len`; undefined where a value has none. */
export function lengthOf(value: Value): number | undefined {
  if (isText(value)) return codePoints(plain(value)).length
  if (value instanceof Dict) return value.entries.size
  if (value instanceof Undefined) return 0
  return value instanceof Sequence || value instanceof View ? value.items.length : undefined
}

/** The members of an iterable value; undefined for others. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  if (value instanceof Sequence || value instanceof View) return value.items
  if (value instanceof Dict) return value.keys()
  if (value instanceof Iterator) return value.rest()
  if (value instanceof Undefined) return []
  if (!isText(value)) return undefined
  const points = codePoints(plain(value))
  return Array.from({ length: points.length }, (_, i) =>
    slice(value, points.at(i), points.at(i + 1)),
  )
}

/** As `itemsOf`, charged to the budget. Throws UserError for a value that has none. */
export function iterate(budget: Budget, value: Value): readonly Value[] {
  budget.spend(MEMBER * (lengthOf(value) ?? 0))
  const items = itemsOf(value)
  if (!items) throw fail(`'${typeName(value)}' object is not iterable`)
  return items
}

export function equals(budget: Budget, a: Value, b: Value, level = 0): boolean {
  budget.visit(level)
  if (isText(a) && isText(b)) {
    budget.spend(Math.min(plain(a).length, plain(b).length))
    return plain(a) === plain(b)
  }
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) return x === y
  if (a instanceof Undefined) return b instanceof Undefined
  const sameKind = [List, Tuple, Range].some((type) => a instanceof type && b instanceof type)
  if (sameKind) {
    const [left, right] = [(a as List).items, (b as List).items]
    return (
      left.length === right.length &&
      left.every((item, i) => equals(budget, item, right[i] as Value, level + 1))
    )
  }
  if (a instanceof Dict && b instanceof Dict) {
    if (a.entries.size !== b.entries.size) return false
    return [...a.entries].every(([id, [, value]]) => {
      const other = b.entries.get(id)
      return other !== undefined && equals(budget, value, other[1], level + 1)
    })
  }
  if (a instanceof View && b instanceof View && a.kind !== 'dict_values')
    throw unsupported(`a comparison of ${a.kind}`)
  return a === b
}

/** Negative, zero or positive, by Python's order. Throws UserError for values without one. */
export function order(budget: Budget, a: Value, b: Value, sign = '<', level = 0): number {
  budget.visit(level)
  if (isText(a) && isText(b)) {
    budget.spend(Math.min(plain(a).length, plain(b).length))
    return comparePoints(plain(a), plain(b))
  }
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN
  const sameKind = [List, Tuple].some((type) => a instanceof type && b instanceof type)
  if (!sameKind) throw cannot(sign, a, b)
  const [left, right] = [(a as List).items, (b as List).items]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [one, other] = [left[i] as Value, right[i] as Value]
    if (!equals(budget, one, other, level + 1)) return order(budget, one, other, sign, level + 1)
  }
  return left.length - right.length
}

/** By code points; JavaScript's own order is of UTF-16. */
function comparePoints(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return (a.codePointAt(i) as number) - (b.codePointAt(i) as number)
  }
  return a.length - b.length
}

function cannot(sign: string, a: Value, b: Value): Error {
  for (const value of [a, b]) if (value instanceof Undefined) return fail(value.problem)
  return fail(`${sign} is not supported between '${typeName(a)}' and '${typeName(b)}'`)
}

export function compare(budget: Budget, operator: string, a: Value, b: Value): boolean {
  switch (operator) {
    case '==':
      return equals(budget, a, b)
    case '!=':
      return !equals(budget, a, b)
    case 'in':
      return contains(budget, b, a)
    case 'not in':
      return !contains(budget, b, a)
    case '<':
      return order(budget, a, b, operator) < 0
    case '<=':
      return order(budget, a, b, operator) <= 0
    case '>':
      return order(budget, a, b, operator) > 0
    default:
      return order(budget, a, b, operator) >= 0
  }
}

function contains(budget: Budget, whole: Value, part: Value): boolean {
  if (isText(whole)) {
    budget.spend(plain(whole).length)
    if (isText(part)) return plain(whole).includes(plain(part))
    throw fail(`'in <string>' requires a text on its left, not ${typeName(part)}`)
  }
  if (whole instanceof Dict) return whole.has(part)
  // Python hashes the key first: one that cannot be hashed is an error.
  if (whole instanceof View && whole.kind === 'dict_keys') new Dict().has(part)
  if (whole instanceof Iterator) {
    for (let item = whole.next(); item !== undefined; item = whole.next())
      if (equals(budget, item, part)) return true
    return false
  }
  const items = itemsOf(whole)
  if (!items) throw fail(`argument of type '${typeName(whole)}' is not iterable`)
  return items.some((item) => equals(budget, item, part))
}

export function binary(budget: Budget, operator: string, a: Value, b: Value): Value {
  if (operator === '~') return join(budget, '', [str(budget, a), str(budget, b)])
  if (a instanceof Undefined) throw fail(a.problem)
  if (operator === '%' && isText(a)) return formatPercent(budget, a, b)
  if (b instanceof Undefined) throw fail(b.problem)
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined)
    return arithmetic(operator, x, y, a instanceof Float || b instanceof Float)
  if (operator === '+') {
    if (isText(a) && isText(b)) {
      budget.make(plain(a).length + plain(b).length)
      return concat([a, b])
    }
    const type = [List, Tuple].find((one) => a instanceof one && b instanceof one)
    if (type) {
      const items = [(a as List).items, (b as List).items] as const
      budget.make(items[0].length + items[1].length, MEMBER)
      return new type([...items[0], ...items[1]])
    }
  }
  if (operator === '*') {
    const [value, count] = isInteger(b) ? [a, Number(b)] : [b, isInteger(a) ? Number(a) : undefined]
    const repeated = count === undefined ? undefined : repeat(budget, value, Math.max(0, count))
    if (repeated !== undefined) return repeated
  }
  throw cannot(operator, a, b)
}

const isInteger = (value: Value): boolean => typeof value === 'number' || typeof value === 'boolean'

function repeat(budget: Budget, value: Value, count: number): Value | undefined {
  if (isText(value)) {
    budget.make(plain(value).length * count)
    if (typeof value === 'string') return value.repeat(count)
    budget.make(count * value.ends.length, MEMBER)
    return concat(Array.from({ length: count }, () => value as Str))
  }
  const type = [List, Tuple].find((one) => value instanceof one)
  if (!type) return undefined
  const { items } = value as List
  budget.make(items.length * count, MEMBER)
  return new type(
    Array.from({ length: items.length * count }, (_, i) => items[i % items.length] as Value),
  )
}

function arithmetic(operator: string, a: number, b: number, isFloat: boolean): Value {
  if (b === 0 && ['/', '//', '%'].includes(operator)) throw fail('division by zero')
  if (operator === '/') return new Float(a / b)
  if (operator === '**') throw unsupported('the operator **')
  // The sign of a remainder is that of the divisor, and a quotient is rounded down.
  const rest = a % b
  const modulo = rest === 0 ? (b < 0 ? -0 : 0) : rest < 0 !== b < 0 ? rest + b : rest
  const quotient = (a - modulo) / b
  const results: Readonly<Record<string, number>> = {
    '+': a + b,
    '-': a - b,
    '*': a * b,
    '%': modulo,
    '//': quotient === 0 ? 0 * (a / b) : Math.round(quotient),
  }
  const value = results[operator] as number
  return isFloat ? new Float(value) : integer(value)
}

/** Python's integers are unbounded; beyond 2^53 ours would round. */
export function integer(value: number): number {
  if (Number.isSafeInteger(value)) return value + 0
  throw unsupported('an integer beyond 2^53')
}

export function negative(value: Value, sign: 1 | -1): Value {
  if (value instanceof Undefined) throw fail(value.problem)
  const number = numberOf(value)
  if (number === undefined) throw fail(`bad operand type for unary: '${typeName(value)}'`)
  return value instanceof Float ? new Float(sign * number) : integer(sign * number)
}
