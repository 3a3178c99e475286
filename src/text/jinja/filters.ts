import { own } from '../../own.ts'
import {
  type Args,
  integerOf,
  type Operation,
  operations,
  type Run,
  textOf,
  workOf,
} from './calls.ts'
import { fail, unsupported } from './fail.ts'
import { fixed, formatPercent } from './format.ts'
import { listFilters } from './list-filters.ts'
import { isTrue, lengthOf, negative } from './operators.ts'
import { join, str } from './show.ts'
import { capitalize, lower, replace, splitLines, strip, upper } from './string-methods.ts'
import { concat, isText, mapPieces, plain, type Str, slice } from './text.ts'
import { toJson } from './to-json.ts'
import { Dict, Float, numberOf, Tuple, typeName, Undefined, type Value } from './values.ts'

/** Jinja2's filters for HTML, random choices and layout, which are missing here. */
const REFUSED =
  'attr center e escape filesizeformat forceescape groupby pprint random safe slice striptags ' +
  'truncate urlencode urlize wordcount wordwrap xmlattr'

/** Throws UserError for an unknown filter, by name. */
export function applyFilter(run: Run, name: string, value: Value, args: Args): Value {
  run.budget.spend(workOf(args) + (isText(value) ? plain(value).length : 0))
  const filter = own(filters, name)
  if (filter) return filter(run, value, args)
  if (REFUSED.split(' ').includes(name)) throw unsupported(`the filter ${name}`)
  throw fail(`there is no filter ${name}`)
}

type Call = (run: Run, value: Value, ...args: (Value | undefined)[]) => Value

/** A filter of a value's text. */
const ofText =
  (change: (value: Str) => Str): Call =>
  ({ budget }, value) =>
    change(str(budget, value))

const orDefault: Call = (_, value, fallback = '', boolean = false) =>
  value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? fallback : value

const length: Call = (_, value) => {
  const found = lengthOf(value)
  if (found === undefined) throw fail(`object of type '${typeName(value)}' has no len()`)
  return found
}

const filters: Readonly<Record<string, Operation<Value>>> = {
  ...listFilters,
  ...operations<Value>({
    'tojson ensure_ascii indent separators sort_keys': toJson,
    'default default_value boolean': orDefault,
    'd default_value boolean': orDefault,
    length,
    count: length,
    string: ({ budget }, value) => str(budget, value),
    upper: ofText((value) => mapPieces(value, upper)),
    lower: ofText((value) => mapPieces(value, lower)),
    capitalize: ofText(capitalize),
    // Unlike the method of the same name, by blanks and brackets.
    title: ofText((value) =>
      concat(
        [...plain(value).matchAll(/[-\s({[<]+|[^-\s({[<]+/g)].map(({ 0: word, index }) => {
          const part = slice(value, index, index + word.length)
          return /^[-\s({[<]/.test(word) ? part : capitalize(part)
        }),
      ),
    ),
    'trim chars': ({ budget }, value, chars) => strip(str(budget, value), chars, 'both'),
    'replace old* new* count': ({ budget }, value, old, made, count) => {
      const text = (one: Value | undefined) => str(budget, one as Value)
      const most = count === null ? -1 : integerOf(count, -1, 'replace')
      return replace(budget, text(value), text(old), text(made), most)
    },
    'indent width first blank': ({ budget }, value, width = 4, first = false, blank = false) => {
      const size = isText(width) ? 0 : Math.max(0, integerOf(width, 4, 'indent'))
      budget.make(size)
      const pad = isText(width) ? width : ' '.repeat(size)
      const lines = splitLines(concat([textOf(value, 'indent'), '\n'])).map((line, i) => {
        budget.make(plain(pad).length + plain(line).length)
        const isPadded = i === 0 ? isTrue(first) : isTrue(blank) || plain(line) !== ''
        return isPadded ? concat([pad, line]) : line
      })
      return join(budget, '\n', lines)
    },
    abs: (_, value) => {
      const number = numberOf(value)
      const isNegative = number !== undefined && (number < 0 || Object.is(number, -0))
      return negative(value, isNegative ? -1 : 1)
    },
    'round precision method': (_, value, precision, method = 'common') => {
      const digits = integerOf(precision, 0, 'round')
      const number = numberOf(value)
      if (number === undefined) throw fail(`round expects a number, not ${typeName(value)}`)
      if (digits < 0) throw unsupported('a negative precision of round')
      const name = plain(textOf(method, 'round'))
      if (name === 'common')
        return value instanceof Float ? new Float(rounded(number, digits)) : number
      if (name !== 'ceil' && name !== 'floor')
        throw fail('the method of round is common, ceil or floor')
      const scale = 10 ** digits
      return new Float(Math[name](number * scale) / scale + 0)
    },
    'int default base': (_, value, fallback = 0, base = 10) => {
      if (value instanceof Undefined) throw fail(value.problem)
      if (base !== 10) throw unsupported('a base of the filter int')
      if (isText(value)) return toInteger(plain(value)) ?? fallback
      const number = numberOf(value)
      return number === undefined || !Number.isFinite(number) ? fallback : Math.trunc(number) + 0
    },
    'float default': (_, value, fallback = new Float(0)) => {
      if (value instanceof Undefined) throw fail(value.problem)
      const number = isText(value) ? toFloat(plain(value)) : numberOf(value)
      return number === undefined ? fallback : new Float(number)
    },
  }),
  format: ({ budget }, value, { positional, named }) => {
    if (positional.length > 0 && named.size > 0)
      throw fail('format takes either positional or named arguments')
    const values = named.size > 0 ? new Dict(named) : new Tuple(positional)
    return formatPercent(budget, str(budget, value), values)
  },
}

/** Python's `round` of a float: halves to the even digit. */
const rounded = (number: number, digits: number): number =>
  Number.isFinite(number) ? Math.sign(number) * Number(fixed(Math.abs(number), digits)) : number

const DIGITS = String.raw`\d+(?:_\d+)*`
const INTEGER = new RegExp(`^[-+]?${DIGITS}$`)
const FLOAT = new RegExp(
  `^[-+]?(?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.?)(?:e[-+]?${DIGITS})?$`,
  'i',
)

function toFloat(text: string): number | undefined {
  const trimmed = plain(strip(text, undefined, 'both'))
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll('_', ''))
  const [, sign = '', name] = /^([-+]?)(inf(?:inity)?|nan)$/i.exec(trimmed) ?? []
  if (!name) return undefined
  if (/^nan$/i.test(name)) return Number.NaN
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

function toInteger(text: string): number | undefined {
  const trimmed = plain(strip(text, undefined, 'both'))
  const number = INTEGER.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : toFloat(text)
  if (number === undefined || !Number.isFinite(number)) return undefined
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) throw unsupported('an integer beyond 2^53')
  return Math.trunc(number) + 0
}
