import type { Budget } from './budget.ts'
import { type Run, textOf } from './calls.ts'
import { fail } from './fail.ts'
import { isTrue } from './operators.ts'
import { around, floatText } from './show.ts'
import { concat, isText, mapPieces, plain, type Str } from './text.ts'
import { Dict, Float, List, Sequence, Tuple, typeName, type Value } from './values.ts'

interface Style {
  readonly isAscii: boolean
  readonly indent: string | undefined
  readonly separators: readonly [item: Str, key: Str]
  readonly sortKeys: boolean
}

/** transformers' filter: Python's `json.dumps`. Jinja2's own would escape HTML. */
export function toJson(
  { budget }: Run,
  value: Value,
  ascii: Value = false,
  indent: Value = null,
  separators: Value = null,
  sortKeys: Value = false,
): Value {
  const isIndented = indent !== null
  if (typeof indent === 'number') budget.make(Math.max(0, indent))
  const width = typeof indent === 'number' ? ' '.repeat(Math.max(0, indent)) : indent
  let marks: Style['separators'] = [isIndented ? ',' : ', ', ': ']
  if (separators instanceof Sequence) {
    const [item, key] = separators.items
    marks = [textOf(item, 'tojson()'), textOf(key, 'tojson()')]
  } else if (separators !== null) throw fail('tojson() expects a pair of separators')
  return dump(budget, value, 0, {
    isAscii: isTrue(ascii),
    indent: isIndented ? plain(textOf(width, 'the indent of tojson()')) : undefined,
    separators: marks,
    sortKeys: isTrue(sortKeys),
  })
}

function dump(budget: Budget, value: Value, level: number, style: Style): Str {
  budget.visit(level)
  if (isText(value)) return quoted(budget, value, style.isAscii)
  if (value === null) return 'null'
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (value instanceof Float) {
    const text = floatText(value.value)
    return { nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' }[text] ?? text
  }
  const inner = (one: Value): Str => dump(budget, one, level + 1, style)
  if (value instanceof List || value instanceof Tuple)
    return block(budget, '[]', value.items.map(inner), level, style)
  if (!(value instanceof Dict)) throw fail(`Object of type ${typeName(value)} is not JSON`)
  const pairs = [...value.entries.values()].map(([key, one]) => [keyText(key), one] as const)
  if (style.sortKeys) pairs.sort(([a], [b]) => (plain(a) < plain(b) ? -1 : 1))
  const members = pairs.map(([key, one]) =>
    concat([quoted(budget, key, style.isAscii), style.separators[1], inner(one)]),
  )
  return block(budget, '{}', members, level, style)
}

function keyText(key: Value): Str {
  if (isText(key)) return key
  if (key instanceof Float) return floatText(key.value)
  if (key === null || typeof key === 'number' || typeof key === 'boolean') return String(key)
  throw fail(`keys of JSON are texts or numbers, not ${typeName(key)}`)
}

function block(
  budget: Budget,
  brackets: string,
  members: readonly Str[],
  level: number,
  { indent, separators: [separator] }: Style,
): Str {
  if (members.length === 0) return brackets
  budget.make((indent?.length ?? 0) * (level + 1))
  const [outer, inner] = [level, level + 1].map((depth) =>
    indent === undefined ? '' : `\n${indent.repeat(depth)}`,
  ) as [string, string]
  const [open, close] = [brackets.charAt(0) + inner, outer + brackets.charAt(1)]
  return around(budget, open, members, close, concat([separator, inner]))
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function quoted(budget: Budget, value: Str, isAscii: boolean): Str {
  budget.make(6 * plain(value).length)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
  const pattern = isAscii ? /["\\]|[^ -~]/g : /["\\\0-\x1f]/g
  const escaped = (unit: string): string =>
    SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return concat(['"', mapPieces(value, (text) => text.replace(pattern, escaped)), '"'])
}
