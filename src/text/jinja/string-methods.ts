import { type Budget, MEMBER } from './budget.ts'
import { fail, unsupported } from './fail.ts'
import { iterate } from './operators.ts'
import { codePoints, concat, isText, mapPieces, plain, type Str, slice } from './text.ts'
import {
  type Args,
  bind,
  integerOf,
  List,
  type Run,
  Tuple,
  textOf,
  typeName,
  type Value,
} from './values.ts'

type Method = (run: Run, self: Str, args: Args) => Value

/** Python's white space, which JavaScript's `\s` is not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts them as white space
const SPACE = /[\t-\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
const WORD = new RegExp(`${SPACE.source.replace('[', '[^')}+`, 'g')
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines there
const LINE_END = /\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029]/g

const method =
  (
    name: string,
    parameters: string,
    call: (run: Run, self: Str, ...args: (Value | undefined)[]) => Value,
  ): Method =>
  (run, self, args) =>
    call(run, self, ...bind(name, parameters, args))

/** Cuts white space, or the characters of `set`, off the ends. */
export function strip(value: Str, set: Value | undefined, ends: 'both' | 'left' | 'right'): Str {
  const text = plain(value)
  const characters = set === undefined || set === null ? undefined : plain(textOf(set, 'strip()'))
  const known = characters === undefined ? undefined : new Set(characters)
  const isCut = (character: string): boolean => known?.has(character) ?? SPACE.test(character)
  let start = 0
  let end = text.length
  if (ends !== 'right') {
    while (start < end) {
      const character = String.fromCodePoint(text.codePointAt(start) as number)
      if (!isCut(character)) break
      start += character.length
    }
  }
  if (ends !== 'left') {
    while (end > start) {
      const isPair = end - 2 >= start && (text.codePointAt(end - 2) as number) > 0xffff
      const character = text.slice(end - (isPair ? 2 : 1), end)
      if (!isCut(character)) break
      end -= character.length
    }
  }
  return slice(value, start, end)
}

function split(budget: Budget, self: Str, by: Value | undefined, max: number, fromRight: boolean) {
  const text = plain(self)
  const parts: [start: number, end: number][] = []
  if (by === undefined || by === null) {
    for (const { 0: word, index } of text.matchAll(WORD)) parts.push([index, index + word.length])
    // Where the limit is met, the rest keeps the white space at its far end.
    if (max >= 0 && parts.length > max) {
      if (fromRight) parts.splice(0, parts.length - max, [0, parts.at(-max - 1)?.[1] as number])
      else parts.splice(max, parts.length, [parts[max]?.[0] as number, text.length])
    }
  } else {
    let from = 0
    for (const place of places(budget, text, plain(textOf(by, 'split()')), max, fromRight)) {
      parts.push([from, place])
      from = place + plain(by as Str).length
    }
    parts.push([from, text.length])
  }
  budget.make(parts.length, MEMBER)
  return new List(parts.map(([start, end]) => slice(self, start, end)))
}

/** `lastIndexOf` compares all of `by` at every place, where `indexOf` looks ahead. */
function lastPlace(budget: Budget, text: string, by: string): number {
  budget.spend((text.length * by.length) / 4)
  return text.lastIndexOf(by)
}

/** Where a separator is found, so many times at most. */
function places(
  budget: Budget,
  text: string,
  by: string,
  max: number,
  fromRight: boolean,
): number[] {
  if (by === '') throw fail('split() has an empty separator')
  const found: number[] = []
  const isFull = () => max >= 0 && found.length >= max
  if (!fromRight)
    for (let i = text.indexOf(by); i >= 0 && !isFull(); i = text.indexOf(by, i + by.length))
      found.push(i)
  else
    for (let i = lastPlace(budget, text, by); i >= 0 && !isFull(); ) {
      found.push(i)
      i = i < by.length ? -1 : text.lastIndexOf(by, i - by.length)
    }
  return fromRight ? found.reverse() : found
}

export function replace(budget: Budget, self: Str, old: Str, made: Str, count = -1): Str {
  const [text, by] = [plain(self), plain(old)]
  const parts: Str[] = []
  let from = 0
  let left = count < 0 ? Number.POSITIVE_INFINITY : count
  const places: number[] = []
  if (by === '') {
    const points = codePoints(text)
    for (let i = 0; i <= points.length && left-- > 0; i++) places.push(points.at(i))
  } else
    for (let i = text.indexOf(by); i >= 0 && left-- > 0; i = text.indexOf(by, i + by.length))
      places.push(i)
  budget.make(text.length + places.length * (plain(made).length + 2))
  for (const place of places) {
    parts.push(slice(self, from, place), made)
    from = place + by.length
  }
  parts.push(slice(self, from))
  return concat(parts)
}

export function splitLines(self: Str, keepEnds = false): Str[] {
  const text = plain(self)
  const lines: Str[] = []
  let from = 0
  for (const { 0: end, index } of text.matchAll(LINE_END)) {
    lines.push(slice(self, from, keepEnds ? index + end.length : index))
    from = index + end.length
  }
  if (from < text.length) lines.push(slice(self, from))
  return lines
}

export const capitalize = (self: Str): Str => {
  const first = codePoints(plain(self)).at(1)
  return concat([mapPieces(slice(self, 0, first), titleCase), mapPieces(slice(self, first), lower)])
}
export const upper = (text: string): string => text.toUpperCase()
export const lower = (text: string): string => text.toLowerCase()

/** Python's: every letter that follows no letter with a case. */
const title = (text: string): string => lower(text).replace(/(?<!\p{Cased})\p{Cased}/gu, titleCase)

/** One letter of two, `ǆ` for instance, that has a form with only the first of them large. */
const DIGRAPHS = /[\u01c4-\u01cc\u01f1-\u01f3]/
const GEORGIAN = /[\u10d0-\u10ff]/

/** A letter as the first of a word, which is not its capital form everywhere. */
function titleCase(letter: string): string {
  const large = upper(letter)
  if (GEORGIAN.test(letter)) return letter
  if (DIGRAPHS.test(letter)) return String.fromCharCode(large.charCodeAt(0) + 1)
  if (large.length === letter.length) return large
  if (/^[A-Z]+$/.test(large)) return large.charAt(0) + lower(large.slice(1))
  throw unsupported(`the title case of ${letter}`)
}

/** Puts a text of `width` code points around another. */
export function fill(
  budget: Budget,
  self: Str,
  width: number,
  side: 'left' | 'right' | 'center',
  by = ' ',
): Str {
  const missing = width - codePoints(plain(self)).length
  if (missing <= 0) return self
  budget.make(missing)
  // Python's way of halving what is odd.
  const left = Math.floor(missing / 2) + (missing & width & 1)
  const before = side === 'left' ? missing : side === 'right' ? 0 : left
  return concat([by.repeat(before), self, by.repeat(missing - before)])
}

const affix = (name: 'startsWith' | 'endsWith') =>
  method(name.toLowerCase(), 'prefix* start', ({ budget }, self, given, start) => {
    const text = plain(self)
    const from = start === undefined ? 0 : codePoints(text).at(integerOf(start, 0, name))
    const options = given instanceof Tuple ? given.items : [given]
    return options.some((one) => {
      const part = plain(textOf(one, `${name.toLowerCase()}()`))
      budget.spend(part.length)
      return text.slice(from)[name](part)
    })
  })

const finder = (name: string, isLast: boolean, mustFind: boolean) =>
  method(name, 'part* start', ({ budget }, self, part, start) => {
    const text = plain(self)
    const points = codePoints(text)
    const from = integerOf(start, 0, name)
    const first = points.at(from < 0 ? Math.max(0, from + points.length) : from)
    const by = plain(textOf(part, `${name}()`))
    const at = isLast ? lastPlace(budget, text, by) : text.indexOf(by, first)
    if (at >= first && from <= points.length && at >= 0) return codePoints(text.slice(0, at)).length
    if (mustFind) throw fail('substring not found')
    return -1
  })

const partition = (name: string, isLast: boolean) =>
  method(name, 'separator*', ({ budget }, self, separator) => {
    const text = plain(self)
    const by = plain(textOf(separator, `${name}()`))
    if (by === '') throw fail(`${name}() has an empty separator`)
    const at = isLast ? lastPlace(budget, text, by) : text.indexOf(by)
    if (at < 0) return new Tuple(isLast ? ['', '', self] : [self, '', ''])
    return new Tuple([
      slice(self, 0, at),
      slice(self, at, at + by.length),
      slice(self, at + by.length),
    ])
  })

const whole = (name: string, pattern: RegExp) =>
  method(name, '', (_, self) => pattern.test(plain(self)))

/** Whether all letters that have a case have this one, and there is one. */
export const isCase = (text: string, change: (text: string) => string): boolean =>
  change(text) === text && lower(text) !== upper(text)

const filled = (name: string, side: 'left' | 'right' | 'center') =>
  method(name, 'width* fill', ({ budget }, self, width, by) =>
    fill(
      budget,
      self,
      integerOf(width, 0, name),
      side,
      by === undefined ? ' ' : plain(textOf(by, name)),
    ),
  )

export const stringMethods: Readonly<Record<string, Method>> = {
  strip: method('strip', 'chars', (_, self, set) => strip(self, set, 'both')),
  lstrip: method('lstrip', 'chars', (_, self, set) => strip(self, set, 'left')),
  rstrip: method('rstrip', 'chars', (_, self, set) => strip(self, set, 'right')),
  split: method('split', 'sep maxsplit', ({ budget }, self, by, max) =>
    split(budget, self, by, integerOf(max, -1, 'split()'), false),
  ),
  rsplit: method('rsplit', 'sep maxsplit', ({ budget }, self, by, max) =>
    split(budget, self, by, integerOf(max, -1, 'rsplit()'), true),
  ),
  splitlines: method(
    'splitlines',
    'keepends',
    (_, self, keep) => new List(splitLines(self, keep === true)),
  ),
  replace: method('replace', 'old* new* count', ({ budget }, self, old, made, count) =>
    replace(
      budget,
      self,
      textOf(old, 'replace()'),
      textOf(made, 'replace()'),
      integerOf(count, -1, 'replace()'),
    ),
  ),
  startswith: affix('startsWith'),
  endswith: affix('endsWith'),
  find: finder('find', false, false),
  rfind: finder('rfind', true, false),
  index: finder('index', false, true),
  rindex: finder('rindex', true, true),
  partition: partition('partition', false),
  rpartition: partition('rpartition', true),
  removeprefix: method('removeprefix', 'prefix*', (_, self, part) => {
    const by = plain(textOf(part, 'removeprefix()'))
    return plain(self).startsWith(by) ? slice(self, by.length) : self
  }),
  removesuffix: method('removesuffix', 'suffix*', (_, self, part) => {
    const by = plain(textOf(part, 'removesuffix()'))
    return plain(self).endsWith(by) ? slice(self, 0, plain(self).length - by.length) : self
  }),
  count: method('count', 'part*', (_, self, part) => {
    const by = plain(textOf(part, 'count()'))
    return by === '' ? codePoints(plain(self)).length + 1 : plain(self).split(by).length - 1
  }),
  join: method('join', 'iterable*', ({ budget }, self, iterable) => {
    const items = iterate(budget, iterable as Value)
    return join(
      budget,
      self,
      items.map((item, i) => {
        if (isText(item)) return item
        throw fail(`sequence item ${i}: expected a text, found ${typeName(item)}`)
      }),
    )
  }),
  upper: method('upper', '', (_, self) => mapPieces(self, upper)),
  lower: method('lower', '', (_, self) => mapPieces(self, lower)),
  title: method('title', '', (_, self) => mapPieces(self, title)),
  capitalize: method('capitalize', '', (_, self) => capitalize(self)),
  swapcase: method('swapcase', '', (_, self) =>
    mapPieces(self, (text) =>
      text.replace(/\p{L}/gu, (one) => (one === upper(one) ? lower(one) : upper(one))),
    ),
  ),
  center: filled('center', 'center'),
  ljust: filled('ljust', 'right'),
  rjust: filled('rjust', 'left'),
  zfill: method('zfill', 'width*', ({ budget }, self, width) => {
    const sign = /^[-+]/.exec(plain(self))?.[0] ?? ''
    const size = integerOf(width, 0, 'zfill') - sign.length
    return concat([sign, fill(budget, slice(self, sign.length), size, 'left', '0')])
  }),
  isalpha: whole('isalpha', /^\p{L}+$/u),
  isalnum: whole('isalnum', /^[\p{L}\p{N}]+$/u),
  isdigit: whole('isdigit', /^[\p{Nd}\xb2\xb3\xb9\u2070\u2074-\u2079\u2080-\u2089]+$/u),
  isdecimal: whole('isdecimal', /^\p{Nd}+$/u),
  isspace: whole('isspace', new RegExp(`^${SPACE.source}+$`)),
  isascii: whole('isascii', /^[\0-\x7f]*$/),
  islower: method('islower', '', (_, self) => isCase(plain(self), lower)),
  isupper: method('isupper', '', (_, self) => isCase(plain(self), upper)),
}

export function join(budget: Budget, by: Str, items: readonly Str[]): Str {
  let size = 0
  for (const item of items) size += plain(item).length + plain(by).length
  budget.make(size)
  return concat(items.flatMap((item, i) => (i === 0 ? [item] : [by, item])))
}
