import { fail } from './fail.ts'

export interface Token {
  readonly kind: 'text' | 'begin' | 'end' | 'name' | 'string' | 'integer' | 'float' | 'operator'
  /** Of `begin` and `end` what is between them: `block` or `variable`. */
  readonly text: string
  readonly line: number
}

const OPENING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

const PATTERNS = {
  float: /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy,
  integer: /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy,
  name: /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{M}\p{N}\p{Pc}]*/uy,
  string: /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy,
  operator: /\/\/|\*\*|[=!<>]=|[-+/*%~[\](){}><=.:|,]/y,
}
const BEGIN = /\{[%{#]/g
const END_BLOCK = /([-+]?)%\}/y
const END_VARIABLE = /(-?)\}\}/y
const SPACE = /\s+/y
const RAW = /\{%[-+]?\s*raw\s*(-?)%\}/y
const END_RAW = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g

/**
 * Tokens of a template, as Jinja2 reads it with `trim_blocks` and `lstrip_blocks`, the settings of
 * transformers. Line ends of any kind become line feeds; one at the very end is dropped. Throws
 * UserError with the line at fault.
 */
export function tokenize(template: string): Token[] {
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '')
  const tokens: Token[] = []
  let at = 0
  let line = 1
  let counted = 0
  const lineAt = (offset: number): number => {
    for (; counted < offset; counted++) if (source[counted] === '\n') line++
    return line
  }
  const push = (kind: Token['kind'], text: string, offset: number): void => {
    tokens.push({ kind, text, line: lineAt(offset) })
  }
  /** Passes what a sticky or global pattern matches. */
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found) at = pattern.lastIndex
    return found
  }
  /** Text before a tag, whose sign says what becomes of the white space between them. */
  const pushText = (start: number, end: number, sign: string | undefined, isBlock: boolean) => {
    let text = source.slice(start, end)
    if (sign === '-') text = text.trimEnd()
    else if (sign !== '+' && isBlock) {
      const lineStart = text.lastIndexOf('\n') + 1
      const startsLine = lineStart > 0 || start === 0 || source[start - 1] === '\n'
      if (startsLine && text.slice(lineStart).trim() === '') text = text.slice(0, lineStart)
    }
    if (text !== '') push('text', text, start)
  }
  /** Passes the white space after a tag: all of it for `-`, after a block one line feed. */
  const trim = (sign: string | undefined, isBlock: boolean): void => {
    if (sign === '-') take(SPACE)
    else if (sign !== '+' && isBlock && source[at] === '\n') at++
  }
  /** The tokens of a tag up to its end. */
  const pushTag = (isBlock: boolean, start: number): void => {
    const name = isBlock ? 'block' : 'variable'
    const brackets: string[] = []
    push('begin', name, start)
    for (;;) {
      take(SPACE)
      const offset = at
      if (at >= source.length)
        throw fail(`ends too early: a bracket or an end tag is missing (line ${lineAt(start)})`)
      const end = brackets.length === 0 && take(isBlock ? END_BLOCK : END_VARIABLE)
      if (end) {
        push('end', name, offset)
        trim(end[1], isBlock)
        return
      }
      const kind = (['float', 'integer', 'name', 'string', 'operator'] as const).find((one) =>
        take(PATTERNS[one]),
      )
      const text = source.slice(offset, at)
      if (!kind) {
        const character = source[offset] as string
        const problem = `'"`.includes(character)
          ? 'a text has no end'
          : `unexpected character ${JSON.stringify(character)}`
        throw fail(`line ${lineAt(offset)}: ${problem}`)
      }
      if (kind === 'operator') {
        if (OPENING[text]) brackets.push(OPENING[text])
        else if (')]}'.includes(text) && brackets.pop() !== text)
          throw fail(`line ${lineAt(offset)}: unexpected ${text}`)
      }
      push(kind, text, offset)
    }
  }

  for (;;) {
    const start = at
    const begin = take(BEGIN)
    if (!begin) {
      // No tag follows whose line could be trimmed.
      pushText(start, source.length, undefined, false)
      return tokens
    }
    const { index, 0: open } = begin
    const sign = source[at]
    pushText(start, index, sign, open !== '{{')
    if (open === '{#') {
      const end = source.indexOf('#}', at)
      if (end < 0) throw fail(`line ${lineAt(index)}: a comment has no end`)
      const last = end > at ? source[end - 1] : undefined
      at = end + 2
      trim(last, true)
      continue
    }
    at = index
    const raw = take(RAW)
    if (raw) {
      if (raw[1] === '-') take(SPACE)
      const from = at
      const end = take(END_RAW)
      if (!end) throw fail(`line ${lineAt(index)}: {% raw %} has no {% endraw %}`)
      pushText(from, end.index, end[1], true)
      trim(end[2], true)
      continue
    }
    at += sign === '-' || (sign === '+' && open === '{%') ? 3 : 2
    pushTag(open === '{%', index)
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** The text of a string token, with Python's escapes; a backslash before anything else stays. */
export function unquote({ text, line }: Token): string {
  const pattern = /\\(?:([0-7]{1,3})|x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|(.))/gis
  return text.slice(1, -1).replace(pattern, (all, octal, x, u, long, single) => {
    if (octal) return String.fromCharCode(Number.parseInt(octal, 8))
    if (single !== undefined) {
      if ('xuUN'.includes(single)) throw fail(`line ${line}: the escape ${all} is not supported`)
      return ESCAPES[single] ?? all
    }
    const code = Number.parseInt(x ?? u ?? long, 16)
    if (code > 0x10ffff) throw fail(`line ${line}: ${all} is no character`)
    return String.fromCodePoint(code)
  })
}
