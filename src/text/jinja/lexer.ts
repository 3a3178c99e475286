import { fail } from './fail.ts'

export interface Token {
  readonly kind: 'text' | 'begin' | 'end' | 'name' | 'string' | 'integer' | 'float' | 'operator'
  /** Of `begin` and `end` what is between them: `block` or `variable`. */
  readonly text: string
  readonly line: number
}

/** The longest first. */
const OPERATORS = ['//', '**', '==', '!=', '>=', '<=', ...'+-/*%~[](){}><=.:|,']
const OPENING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{M}\p{N}\p{Pc}]*/uy
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy
const STRING = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy
const SPACE = /\s+/y
const RAW = /\{%[-+]?\s*raw\s*(-%\}|%\})/y
const END_RAW = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g

/**
 * Tokens of a template, as Jinja2 cuts them with `trim_blocks` and `lstrip_blocks`, which is how
 * transformers reads chat templates. Line ends of any kind are line feeds; one at the very end is
 * dropped. Throws UserError with the line at fault.
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
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(source)
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
  /** Passes the end of a tag: `-` takes the white space after it, a block one line feed. */
  const close = (sign: string | undefined, isBlock: boolean): void => {
    at += 2
    if (sign === '-') at = match(SPACE) ? SPACE.lastIndex : at
    else if (sign !== '+' && isBlock && source[at] === '\n') at++
  }

  while (at < source.length) {
    const start = at
    while (at < source.length && !(source[at] === '{' && '%{#'.includes(source[at + 1] ?? ' ')))
      at++
    const open = source.slice(at, at + 2)
    const sign = source[at + 2]
    // At the very end no tag follows whose line could be trimmed.
    pushText(start, at, sign, open !== '' && open !== '{{')
    if (at >= source.length) break
    const opened = at
    if (open === '{#') {
      const end = source.indexOf('#}', at + 2)
      if (end < 0) throw fail(`line ${lineAt(opened)}: a comment has no end`)
      at = end
      close(end > opened + 2 ? source[end - 1] : undefined, true)
      continue
    }
    const raw = match(RAW)
    if (raw) {
      at = RAW.lastIndex
      if (raw[1] === '-%}') at = match(SPACE) ? SPACE.lastIndex : at
      END_RAW.lastIndex = at
      const end = END_RAW.exec(source)
      if (!end) throw fail(`line ${lineAt(opened)}: {% raw %} has no {% endraw %}`)
      pushText(at, end.index, end[1], true)
      at = END_RAW.lastIndex - 2
      close(end[2], true)
      continue
    }
    const isBlock = open === '{%'
    const name = isBlock ? 'block' : 'variable'
    const ending = isBlock ? '%}' : '}}'
    push('begin', name, opened)
    at += sign === '-' || (sign === '+' && isBlock) ? 3 : 2
    const brackets: string[] = []
    for (;;) {
      if (match(SPACE)) at = SPACE.lastIndex
      if (at >= source.length)
        throw fail(`ends too early: a bracket or an end tag is missing (line ${lineAt(opened)})`)
      const isEnd = brackets.length === 0
      const signs = isBlock ? '-+' : '-'
      if (isEnd && signs.includes(source[at] as string) && source.startsWith(ending, at + 1)) {
        push('end', name, at)
        close(source[at++], isBlock)
        break
      }
      if (isEnd && source.startsWith(ending, at)) {
        push('end', name, at)
        close(undefined, isBlock)
        break
      }
      const found = (
        [
          ['float', FLOAT],
          ['integer', INTEGER],
          ['name', NAME],
          ['string', STRING],
        ] as const
      ).find(([, pattern]) => match(pattern))
      if (found) {
        const [kind, pattern] = found
        push(kind, source.slice(at, pattern.lastIndex), at)
        at = pattern.lastIndex
        continue
      }
      const operator = OPERATORS.find((one) => source.startsWith(one, at))
      if (!operator) {
        const problem = `'"`.includes(source[at] as string) ? 'a text has no end' : undefined
        throw fail(
          `line ${lineAt(at)}: ${problem ?? `unexpected character ${JSON.stringify(source[at])}`}`,
        )
      }
      if (OPENING[operator]) brackets.push(OPENING[operator])
      else if (')]}'.includes(operator) && brackets.pop() !== operator)
        throw fail(`line ${lineAt(at)}: unexpected ${operator}`)
      push('operator', operator, at)
      at += operator.length
    }
  }
  return tokens
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
