import { attributeOf } from './attributes.ts'
import { MEMBER } from './budget.ts'
import { fail, unsupported } from './fail.ts'
import { fixed, formatPercent } from './format.ts'
import { listFilters } from './list-filters.ts'
import { isTrue, iterate, lengthOf, negative } from './operators.ts'
import { str } from './show.ts'
import {
  capitalize,
  fill,
  join,
  lower,
  replace,
  splitLines,
  strip,
  upper,
} from './string-methods.ts'
import { concat, isText, mapPieces, plain, type Str, slice } from './text.ts'
import { toJson } from './to-json.ts'
import {
  type Args,
  bind,
  Dict,
  Float,
  Iterator,
  integerOf,
  List,
  numberOf,
  type Run,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
  workOf,
} from './values.ts'

type Filter = (run: Run, value: Value, args: Args) => Value

/** Of Jinja2 and not here. They make HTML, choose at random, or lay out prose. */
const REFUSED = new Set(
  'e escape filesizeformat forceescape pprint random safe striptags truncate urlencode urlize wordwrap xmlattr'.split(
    ' ',
  ),
)

/** Throws UserError for a filter that there is not, by name. */
export function applyFilter(run: Run, name: string, value: Value, args: Args): Value {
  run.budget.spend(workOf(args) + (isText(value) ? plain(value).length : 0))
  const own = Object.hasOwn(filters, name) ? filters[name] : undefined
  const filter = own ?? (Object.hasOwn(listFilters, name) ? listFilters[name] : undefined)
  if (filter) return filter(run, value, args)
  if (REFUSED.has(name)) throw unsupported(`the filter ${name}`)
  throw fail(`there is no filter ${name}`)
}

const filter =
  (
    name: string,
    parameters: string,
    call: (run: Run, value: Value, ...args: (Value | undefined)[]) => Value,
  ): Filter =>
  (run, value, args) =>
    call(run, value, ...bind(name, parameters, args))

/** A filter of a value's text. */
const textFilter = (name: string, change: (value: Str) => Str): Filter =>
  filter(name, '', ({ budget }, value) => change(str(budget, value)))

const withDefault = (name: string): Filter =>
  filter(name, 'default_value boolean', (_, value, fallback = '', boolean = false) =>
    value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? fallback : value,
  )

const length = (name: string): Filter =>
  filter(name, '', (_, value) => {
    const found = lengthOf(value)
    if (found === undefined) throw fail(`object of type '${typeName(value)}' has no len()`)
    return found
  })

const filters: Readonly<Record<string, Filter>> = {
  tojson: toJson,
  default: withDefault('default'),
  d: withDefault('d'),
  length: length('length'),
  count: length('count'),
  string: filter('string', '', ({ budget }, value) => str(budget, value)),
  upper: textFilter('upper', (value) => mapPieces(value, upper)),
  lower: textFilter('lower', (value) => mapPieces(value, lower)),
  capitalize: textFilter('capitalize', capitalize),
  // Unlike the method of the same name, by blanks and brackets.
  title: textFilter('title', (value) =>
    concat(
      [...plain(value).matchAll(/[-\s({[<]+|[^-\s({[<]+/g)].map(({ 0: word, index }) =>
        /^[-\s({[<]/.test(word)
          ? slice(value, index, index + word.length)
          : capitalize(slice(value, index, index + word.length)),
      ),
    ),
  ),
  trim: filter('trim', 'chars', ({ budget }, value, chars) =>
    strip(str(budget, value), chars, 'both'),
  ),
  replace: filter('replace', 'old* new* count', ({ budget }, value, old, made, count) =>
    replace(
      budget,
      str(budget, value),
      str(budget, old as Value),
      str(budget, made as Value),
      count === null ? -1 : integerOf(count, -1, 'replace'),
    ),
  ),
  center: filter('center', 'width', ({ budget }, value, width) =>
    fill(budget, str(budget, value), integerOf(width, 80, 'center'), 'center'),
  ),
  indent: filter('indent', 'width first blank', ({ budget }, value, width = 4, first, blank) => {
    const pad = isText(width) ? width : ' '.repeat(size(integerOf(width, 4, 'indent')))
    const lines = splitLines(concat([textOf(value, 'indent'), '\n']))
    const isPadded = (line: Str, i: number) =>
      i === 0 ? isTrue(first ?? false) : isTrue(blank ?? false) || plain(line) !== ''
    return join(
      budget,
      '\n',
      lines.map((line, i) => {
        budget.make(plain(pad).length + plain(line).length)
        return isPadded(line, i) ? concat([pad, line]) : line
      }),
    )
  }),
  format: ({ budget }, value, { positional, named }) => {
    if (positional.length > 0 && named.size > 0)
      throw fail('format takes either positional or named arguments')
    const values = named.size > 0 ? new Dict(named) : new Tuple(positional)
    return formatPercent(budget, str(budget, value), values)
  },
  wordcount: filter(
    'wordcount',
    '',
    ({ budget }, value) => [...plain(str(budget, value)).matchAll(/[\p{L}\p{N}_]+/gu)].length,
  ),
  abs: filter('abs', '', (_, value) => {
    const number = numberOf(value)
    const isNegative = number !== undefined && (number < 0 || Object.is(number, -0))
    return negative(value, isNegative ? -1 : 1)
  }),
  round: filter('round', 'precision method', (_, value, precision, method = 'common') => {
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
  }),
  int: filter('int', 'default base', (_, value, fallback = 0, base = 10) => {
    if (value instanceof Undefined) throw fail(value.problem)
    if (base !== 10) throw unsupported('a base of the filter int')
    if (isText(value)) return toInteger(plain(value)) ?? fallback
    const number = numberOf(value)
    return number === undefined || !Number.isFinite(number) ? fallback : Math.trunc(number) + 0
  }),
  float: filter('float', 'default', (_, value, fallback = new Float(0)) => {
    if (value instanceof Undefined) throw fail(value.problem)
    const number = isText(value) ? toFloat(plain(value)) : numberOf(value)
    return number === undefined ? fallback : new Float(number)
  }),
  list: filter('list', '', ({ budget }, value) => new List(iterate(budget, value))),
  items: filter('items', '', ({ budget }, value) => {
    if (value instanceof Undefined) return new Iterator([])
    if (!(value instanceof Dict)) throw fail('the filter items expects a mapping')
    budget.make(value.entries.size, MEMBER)
    return new Iterator(Array.from(value.entries.values(), (pair) => new Tuple(pair)))
  }),
  attr: filter('attr', 'name*', (_, value, name) => {
    const key = plain(textOf(name, 'attr'))
    // Only attributes, never the members of a dict.
    return value instanceof Dict &&
      value.has(key) &&
      attributeOf(new Dict(), key) instanceof Undefined
      ? new Undefined(`'dict object' has no attribute '${key}'`)
      : attributeOf(value, key)
  }),
  reverse: filter('reverse', '', ({ budget }, value) => {
    const isStream = value instanceof Iterator
    const items = [...iterate(budget, value)].reverse()
    if (isText(value)) return concat(items as Str[])
    return isStream ? new List(items) : new Iterator(items)
  }),
  batch: filter('batch', 'linecount* fill_with', ({ budget }, value, count, by = null) => {
    const size = integerOf(count, 1, 'batch')
    if (size < 1) throw fail('batch expects a number above 0')
    const items = iterate(budget, value)
    const lines: Value[] = []
    for (let i = 0; i < items.length; i += size) {
      const line = items.slice(i, i + size)
      if (by !== null) {
        budget.make(size, MEMBER)
        while (line.length < size) line.push(by)
      }
      lines.push(new List(line))
    }
    return new Iterator(lines)
  }),
  slice: filter('slice', 'slices* fill_with', ({ budget }, value, count, by = null) => {
    const slices = integerOf(count, 1, 'slice')
    if (slices < 1) throw fail('slice expects a number above 0')
    budget.make(slices, MEMBER)
    const items = iterate(budget, value)
    const least = Math.floor(items.length / slices)
    const longer = items.length % slices
    let from = 0
    const parts = Array.from({ length: slices }, (_, i) => {
      const part = items.slice(from, from + least + (i < longer ? 1 : 0))
      from += part.length
      if (by !== null && i >= longer) part.push(by)
      return new List(part)
    })
    return new Iterator(parts)
  }),
}

const size = (width: number): number => {
  if (width > 2 ** 20) throw fail('an indent is wider than a million characters')
  return Math.max(0, width)
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
