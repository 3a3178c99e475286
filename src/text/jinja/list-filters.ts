import { itemOf } from './attributes.ts'
import { MEMBER } from './budget.ts'
import { bind, integerOf, type Operation, operations, type Run, textOf } from './calls.ts'
import { fail } from './fail.ts'
import { binary, isTrue, iterate, order } from './operators.ts'
import { join, str } from './show.ts'
import { lower } from './string-methods.ts'
import { concat, isText, mapPieces, plain, type Str } from './text.ts'
import { Dict, Iterator, List, orElse, Tuple, Undefined, type Value } from './values.ts'

type Filter = Operation<Value>

/** Reads `attribute='a.0.b'` of an item; `fallback` where it is undefined. */
function getter(
  { budget }: Run,
  attribute: Value | undefined,
  fallback?: Value,
): (item: Value) => Value {
  if (attribute === undefined || attribute === null) return (item) => item
  const path: Value[] = isText(attribute)
    ? plain(attribute)
        .split('.')
        .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
    : [attribute]
  return (item) => {
    let found = item
    for (const part of path) {
      found = itemOf(budget, found, part)
      if (found instanceof Undefined && fallback !== undefined) found = fallback
    }
    return found
  }
}

const foldedUnless = (caseSensitive: Value | undefined) => (value: Value) =>
  isText(value) && !isTrue(caseSensitive ?? false) ? mapPieces(value, lower) : value

function sorted(
  run: Run,
  items: readonly Value[],
  key: (item: Value) => Value,
  isReversed: boolean,
) {
  const keys = items.map((item) => [key(item), item] as const)
  const sign = isReversed ? -1 : 1
  return keys.sort(([a], [b]) => sign * order(run.budget, a, b)).map(([, item]) => item)
}

/** Sorts by several attributes, or by the whole item. */
function sortKey(run: Run, attribute: Value | undefined, fold: (value: Value) => Value) {
  if (!attribute || !isText(attribute)) {
    const get = getter(run, attribute)
    return (item: Value) => fold(get(item))
  }
  const getters = plain(attribute)
    .split(',')
    .map((part) => getter(run, part))
  return (item: Value) => new Tuple(getters.map((get) => fold(get(item))))
}

const extreme =
  (sign: number) =>
  (run: Run, value: Value, caseSensitive?: Value, attribute?: Value): Value => {
    const fold = foldedUnless(caseSensitive)
    const get = getter(run, attribute)
    const items = iterate(run.budget, value)
    if (items.length === 0) return new Undefined('No aggregated item, sequence was empty.')
    return items.reduce((best, item) =>
      sign * order(run.budget, fold(get(item)), fold(get(best))) > 0 ? item : best,
    )
  }

/** `select` and its siblings: by a test, of an attribute for two of them, or by truth. */
const selecting = (name: string, isKept: boolean, byAttribute: boolean): Filter => {
  return (run, value, { positional, named }) => {
    const attribute = byAttribute ? positional[0] : undefined
    const rest = byAttribute ? positional.slice(1) : positional
    if (byAttribute && attribute === undefined) throw fail(`${name} expects an attribute`)
    const get = getter(run, attribute)
    const [test, ...args] = rest
    const passes = (item: Value): boolean =>
      test === undefined
        ? isTrue(get(item))
        : run.test(plain(textOf(test, name)), get(item), { positional: args, named })
    return new Iterator(membersOf(run, value).filter((item) => passes(item) === isKept))
  }
}

/** For the filters that give iterators, a false value such as none has no members. */
const membersOf = ({ budget }: Run, value: Value): readonly Value[] =>
  isTrue(value) ? iterate(budget, value) : []

/** Filters over the members of a value. */
export const listFilters: Readonly<Record<string, Filter>> = {
  ...operations<Value>({
    list: ({ budget }, value) => new List(iterate(budget, value)),
    items: ({ budget }, value) => {
      if (value instanceof Undefined) return new Iterator([])
      if (!(value instanceof Dict)) throw fail('the filter items expects a mapping')
      budget.make(value.entries.size, MEMBER)
      return new Iterator(Array.from(value.entries.values(), (pair) => new Tuple(pair)))
    },
    first: ({ budget }, value) => {
      const found = value instanceof Iterator ? value.next() : iterate(budget, value)[0]
      return orElse(found, new Undefined('No first item, sequence was empty.'))
    },
    last: ({ budget }, value) => {
      if (value instanceof Iterator) throw fail("'generator' object is not reversible")
      return orElse(
        iterate(budget, value).at(-1),
        new Undefined('No last item, sequence was empty.'),
      )
    },
    reverse: ({ budget }, value) => {
      const items = [...iterate(budget, value)].reverse()
      if (isText(value)) return concat(items as Str[])
      return value instanceof Iterator ? new List(items) : new Iterator(items)
    },
    'batch linecount* fill_with': ({ budget }, value, count, by = null) => {
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
    },
    'join d attribute': (run, value, by = '', attribute) => {
      const { budget } = run
      const get = getter(run, attribute)
      const items = iterate(budget, value).map((item) => str(budget, get(item)))
      return join(budget, str(budget, by), items)
    },
    'sort reverse case_sensitive attribute': (run, value, reverse = false, sensitive, by) => {
      const key = sortKey(run, by, foldedUnless(sensitive))
      return new List(sorted(run, iterate(run.budget, value), key, isTrue(reverse)))
    },
    'dictsort case_sensitive by reverse': (run, value, sensitive, by = 'key', reverse = false) => {
      if (!(value instanceof Dict)) throw fail('dictsort expects a mapping')
      const name = plain(textOf(by, 'dictsort'))
      if (name !== 'key' && name !== 'value') throw fail('dictsort sorts by key or by value')
      const fold = foldedUnless(sensitive)
      const pairs = Array.from(value.entries.values(), (pair) => new Tuple(pair))
      const key = (pair: Value) => fold((pair as Tuple).items[name === 'key' ? 0 : 1] as Value)
      return new List(sorted(run, pairs, key, isTrue(reverse)))
    },
    'unique case_sensitive attribute': (run, value, sensitive, attribute) => {
      const fold = foldedUnless(sensitive)
      const get = getter(run, attribute)
      const seen = new Dict()
      const items = iterate(run.budget, value).filter((item) => {
        const key = fold(get(item))
        if (seen.has(key)) return false
        seen.set(key, true)
        return true
      })
      return new Iterator(items)
    },
    'min case_sensitive attribute': extreme(-1),
    'max case_sensitive attribute': extreme(1),
    'sum attribute start': (run, value, attribute, start = 0) => {
      const get = getter(run, attribute)
      return iterate(run.budget, value).reduce(
        (total: Value, item) => binary(run.budget, '+', total, get(item)),
        start,
      )
    },
  }),
  map: (run, value, { positional, named }) => {
    const items = membersOf(run, value)
    const attribute = named.get('attribute')
    if (positional.length === 0 && attribute !== undefined) {
      const [, fallback] = bind('map', ['attribute', 'default'], { positional, named })
      return new Iterator(items.map(getter(run, attribute, fallback)))
    }
    const [name, ...rest] = positional
    if (name === undefined) throw fail('map expects a filter or an attribute')
    const key = plain(textOf(name, 'map'))
    return new Iterator(items.map((item) => run.filter(key, item, { positional: rest, named })))
  },
  select: selecting('select', true, false),
  reject: selecting('reject', false, false),
  selectattr: selecting('selectattr', true, true),
  rejectattr: selecting('rejectattr', false, true),
}
