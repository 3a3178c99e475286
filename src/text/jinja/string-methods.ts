import { type Budget, MEMBER } from './budget.ts'
import { integerOf, operations, type Run, textOf } from './calls.ts'
import { fail, unsupported } from './fail.ts'
import { iterate } from './operators.ts'
import { join } from './show.ts'
import { codePoints, concat, isText, mapPieces, plain, type Str, slice } from './text.ts'
import { List, Tuple, typeName, type Value } from './values.ts'

/** Python's white space, which JavaScript's `\s` is not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts them as white space
const SPACE = /[\t-\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
const WORD = new RegExp(`${SPACE.source.replace('[', '[^')}+`, 'g')
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines there
const LINE_END = /\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029]/g

/** Cuts white space, or the characters of `set`, off the ends. */
export function strip(value: Str, set: Value | undefined, ends: 'both' | 'left' | 'right'): Str {
  const text = plain(value)
  const characters = set === undefined || set === null ? undefined : plain(textOf(set, 'strip()'))
  const known = characters === undefined ? undefined : new Set(characters)
  const points = codePoints(text)
  const isCut = (index: number): boolean => {
    const character = text.slice(points.at(index), points.at(index + 1))
    return known?.has(character) ?? SPACE.test(character)
  }
  let start = 0
  let end = points.length
  if (ends !== 'right') while (start < end && isCut(start)) start++
  if (ends !== 'left') while (end > start && isCut(end - 1)) end--
  return slice(value, points.at(start), points.at(end))
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
    for (const index of indicesOf(budget, text, plain(textOf(by, 'split()')), max, fromRight)) {
      parts.push([from, index])
      from = index + plain(by as Str).length
    }
    parts.push([from, text.length])
  }
  budget.make(parts.length, MEMBER)
  return new List(parts.map(([start, end]) => slice(self, start, end)))
}

/** `lastIndexOf` compares all of `by` at every index, where `indexOf` looks ahead. */
function lastIndexOf(budget: Budget, text: string, by: string): number {
  budget.spend((text.length * by.length) / 4)
  return text.lastIndexOf(by)
}

/** Indices of a separator, `max` at most. */
function indicesOf(
  budget: Budget,
  text: string,
  by: string,
  max: number,
  fromRight: boolean,
): number[] {
  if (by === '') throw fail('split() has an empty separator')
  const found: number[] = []
  const before = (i: number) => (i < by.length ? -1 : text.lastIndexOf(by, i - by.length))
  const next = fromRight ? before : (i: number) => text.indexOf(by, i + by.length)
  let i = fromRight ? lastIndexOf(budget, text, by) : text.indexOf(by)
  for (; i >= 0 && !(max >= 0 && found.length >= max); i = next(i)) found.push(i)
  return fromRight ? found.reverse() : found
}

export function replace(budget: Budget, self: Str, old: Str, made: Str, count = -1): Str {
  const [text, by] = [plain(self), plain(old)]
  const parts: Str[] = []
  let from = 0
  const found = by === '' ? boundaries(text, count) : indicesOf(budget, text, by, count, false)
  budget.make(text.length + found.length * (plain(made).length + 2))
  for (const index of found) {
    parts.push(slice(self, from, index), made)
    from = index + by.length
  }
  parts.push(slice(self, from))
  return concat(parts)
}

/** The indices before, between and after characters; a negative `count` is all. */
function boundaries(text: string, count: number): number[] {
  const points = codePoints(text)
  const all = points.length + 1
  return Array.from({ length: count < 0 ? all : Math.min(count, all) }, (_, i) => points.at(i))
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

/** Python's title case: of every letter that follows no cased letter. */
const title = (text: string): string => lower(text).replace(/(?<!\p{Cased})\p{Cased}/gu, titleCase)

/** Digraphs and Georgian letters, whose title case is not their upper case. */
const TITLED = /[\u01c4-\u01cc\u01f1-\u01f3\u10d0-\u10ff]/

/** A letter at the start of a word. */
function titleCase(letter: string): string {
  const large = upper(letter)
  if (large.length === letter.length && !TITLED.test(letter)) return large
  throw unsupported(`the title case of ${letter}`)
}

type Call = (run: Run, self: Str, ...args: (Value | undefined)[]) => Value

const affix =
  (name: 'startsWith' | 'endsWith'): Call =>
  ({ budget }, self, given, start) => {
    const text = plain(self)
    const from = start === undefined ? 0 : codePoints(text).at(integerOf(start, 0, name))
    const options = given instanceof Tuple ? given.items : [given]
    return options.some((one) => {
      const part = plain(textOf(one, `${name.toLowerCase()}()`))
      budget.spend(part.length)
      return text.slice(from)[name](part)
    })
  }

const finder =
  (isLast: boolean, mustFind: boolean): Call =>
  ({ budget }, self, part, start) => {
    const text = plain(self)
    const points = codePoints(text)
    const from = integerOf(start, 0, 'find()')
    const first = points.at(from < 0 ? Math.max(0, from + points.length) : from)
    const by = plain(textOf(part, 'find()'))
    const at = isLast ? lastIndexOf(budget, text, by) : text.indexOf(by, first)
    if (at >= first && from <= points.length && at >= 0) return codePoints(text.slice(0, at)).length
    if (mustFind) throw fail('substring not found')
    return -1
  }

const whole =
  (pattern: RegExp): Call =>
  (_, self) =>
    pattern.test(plain(self))

/** Whether all letters that have a case have this one, and there is one. */
export const isCase = (text: string, change: (text: string) => string): boolean =>
  change(text) === text && lower(text) !== upper(text)

export const stringMethods = operations<Str>({
  'strip chars': (_, self, set) => strip(self, set, 'both'),
  'lstrip chars': (_, self, set) => strip(self, set, 'left'),
  'rstrip chars': (_, self, set) => strip(self, set, 'right'),
  'split sep maxsplit': ({ budget }, self, by, max) =>
    split(budget, self, by, integerOf(max, -1, 'split()'), false),
  'rsplit sep maxsplit': ({ budget }, self, by, max) =>
    split(budget, self, by, integerOf(max, -1, 'rsplit()'), true),
  'splitlines keepends': (_, self, keep) => new List(splitLines(self, keep === true)),
  'replace old* new* count': ({ budget }, self, old, made, count) => {
    const [from, to] = [old, made].map((one) => textOf(one, 'replace()')) as [Str, Str]
    return replace(budget, self, from, to, integerOf(count, -1, 'replace()'))
  },
  'startswith prefix* start': affix('startsWith'),
  'endswith suffix* start': affix('endsWith'),
  'find part* start': finder(false, false),
  'rfind part* start': finder(true, false),
  'index part* start': finder(false, true),
  'rindex part* start': finder(true, true),
  'removeprefix prefix*': (_, self, part) => {
    const by = plain(textOf(part, 'removeprefix()'))
    return plain(self).startsWith(by) ? slice(self, by.length) : self
  },
  'removesuffix suffix*': (_, self, part) => {
    const by = plain(textOf(part, 'removesuffix()'))
    return plain(self).endsWith(by) ? slice(self, 0, plain(self).length - by.length) : self
  },
  'count part*': (_, self, part) => {
    const by = plain(textOf(part, 'count()'))
    return by === '' ? codePoints(plain(self)).length + 1 : plain(self).split(by).length - 1
  },
  'join iterable*': ({ budget }, self, iterable) => {
    const items = iterate(budget, iterable as Value).map((item, i) => {
      if (isText(item)) return item
      throw fail(`sequence item ${i}: expected a text, found ${typeName(item)}`)
    })
    return join(budget, self, items)
  },
  upper: (_, self) => mapPieces(self, upper),
  lower: (_, self) => mapPieces(self, lower),
  title: (_, self) => mapPieces(self, title),
  capitalize: (_, self) => capitalize(self),
  isalpha: whole(/^\p{L}+$/u),
  isalnum: whole(/^[\p{L}\p{N}]+$/u),
  isdigit: whole(/^[\p{Nd}\xb2\xb3\xb9\u2070\u2074-\u2079\u2080-\u2089]+$/u),
  isdecimal: whole(/^\p{Nd}+$/u),
  isspace: whole(new RegExp(`^${SPACE.source}+$`)),
  isascii: whole(/^[\0-\x7f]*$/),
  islower: (_, self) => isCase(plain(self), lower),
  isupper: (_, self) => isCase(plain(self), upper),
})
