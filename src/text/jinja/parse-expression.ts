import type { Arguments, Constant, Expression, Slice } from './ast.ts'
import { fail, unsupported } from './fail.ts'
import { type Token, unquote } from './lexer.ts'
import type { TokenStream } from './token-stream.ts'

/** Jinja2's grammar of expressions, a function for each level of precedence. */
export function parseExpression(tokens: TokenStream): Expression {
  return tokens.nested(() => {
    let value = parseOr(tokens)
    while (tokens.skip('name', 'if')) {
      const test = parseOr(tokens)
      const otherwise = tokens.skip('name', 'else') ? parseExpression(tokens) : undefined
      value = { kind: 'if', test, value, otherwise, line: value.line }
    }
    return value
  })
}

interface TupleOptions {
  readonly parse?: (tokens: TokenStream) => Expression
  /** Whether what follows ends the tuple, besides a bracket or the end of the tag. */
  readonly isLast?: () => boolean
  readonly mayBeEmpty?: boolean
}

/** One expression, or several as a tuple. */
export function parseTuple(
  tokens: TokenStream,
  { parse = parseExpression, isLast, mayBeEmpty }: TupleOptions = {},
): Expression {
  const { line } = tokens
  const items: Expression[] = []
  let isTuple = false
  const isEnd = () => tokens.current?.kind === 'end' || tokens.is('operator', ')') || isLast?.()
  while (!isEnd()) {
    items.push(parse(tokens))
    if (!tokens.skip('operator', ',')) break
    isTuple = true
  }
  const [only] = items
  if (only && !isTuple) return only
  if (!only && !mayBeEmpty) throw tokens.unexpected('expected an expression')
  return { kind: 'tuple', items, line }
}

/** Without `if` and `else`, which mean something else after `for` and `if`. */
export function parseOr(tokens: TokenStream): Expression {
  let left = parseAnd(tokens)
  while (tokens.skip('name', 'or'))
    left = { kind: 'or', left, right: parseAnd(tokens), line: left.line }
  return left
}

function parseAnd(tokens: TokenStream): Expression {
  let left = parseNot(tokens)
  while (tokens.skip('name', 'and'))
    left = { kind: 'and', left, right: parseNot(tokens), line: left.line }
  return left
}

function parseNot(tokens: TokenStream): Expression {
  const { line } = tokens
  if (!tokens.skip('name', 'not')) return parseCompare(tokens)
  return { kind: 'not', operand: tokens.nested(() => parseNot(tokens)), line }
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])

function parseCompare(tokens: TokenStream): Expression {
  const left = parseSum(tokens)
  const rest: (readonly [string, Expression])[] = []
  for (;;) {
    const { current } = tokens
    let operator: string | undefined
    if (current?.kind === 'operator' && COMPARISONS.has(current.text)) operator = tokens.next().text
    else if (tokens.skip('name', 'in')) operator = 'in'
    else if (tokens.is('name', 'not') && tokens.is('name', 'in', 1)) {
      tokens.next()
      tokens.next()
      operator = 'not in'
    }
    if (!operator) break
    rest.push([operator, parseSum(tokens)])
  }
  return rest.length === 0 ? left : { kind: 'compare', left, rest, line: left.line }
}

const binary =
  (operators: readonly string[], operand: (tokens: TokenStream) => Expression) =>
  (tokens: TokenStream): Expression => {
    let left = operand(tokens)
    for (;;) {
      const operator = operators.find((one) => tokens.skip('operator', one))
      if (!operator) return left
      left = { kind: 'binary', operator, left, right: operand(tokens), line: left.line }
    }
  }

// Unlike Python's, `**` is taken from the left, and `~` binds more tightly than `+`.
const parsePower = binary(['**'], (tokens) => parseUnary(tokens))
const parseProduct = binary(['*', '//', '/', '%'], parsePower)
const parseSum = binary(['+', '-'], parseConcat)

function parseConcat(tokens: TokenStream): Expression {
  const items = [parseProduct(tokens)]
  while (tokens.skip('operator', '~')) items.push(parseProduct(tokens))
  const [only] = items as [Expression]
  return items.length === 1 ? only : { kind: 'concat', items, line: only.line }
}

function parseUnary(tokens: TokenStream, withFilter = true): Expression {
  return tokens.nested(() => {
    const { line } = tokens
    let value: Expression
    if (tokens.skip('operator', '-'))
      value = { kind: 'negative', operand: parseUnary(tokens, false), line }
    else if (tokens.skip('operator', '+'))
      value = { kind: 'positive', operand: parseUnary(tokens, false), line }
    else value = parsePrimary(tokens)
    value = parsePostfix(tokens, value)
    return withFilter ? parseFilters(tokens, value) : value
  })
}

const CONSTANTS: Readonly<Record<string, Constant>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
}

export function parsePrimary(tokens: TokenStream): Expression {
  const token = tokens.current
  const { line } = tokens
  const constant = (value: Constant): Expression => ({ kind: 'constant', value, line })
  if (token?.kind === 'name') {
    const name = tokens.next().text
    if (Object.hasOwn(CONSTANTS, name)) return constant(CONSTANTS[name] as Constant)
    return { kind: 'name', name, line }
  }
  if (token?.kind === 'string') {
    let text = ''
    while (tokens.current?.kind === 'string') text += unquote(tokens.next())
    return constant(text)
  }
  if (token?.kind === 'integer') return constant(integer(tokens.next()))
  if (token?.kind === 'float')
    return constant({ float: Number(tokens.next().text.replaceAll('_', '')) })
  if (tokens.skip('operator', '(')) {
    const value = parseTuple(tokens, { mayBeEmpty: true })
    tokens.expect('operator', ')')
    return value
  }
  if (tokens.skip('operator', '['))
    return { kind: 'list', items: separated(tokens, ']', () => parseExpression(tokens)), line }
  if (tokens.skip('operator', '{')) {
    const pairs = separated(tokens, '}', () => {
      const key = parseExpression(tokens)
      tokens.expect('operator', ':')
      return [key, parseExpression(tokens)] as const
    })
    return { kind: 'dict', pairs, line }
  }
  throw tokens.unexpected('expected an expression')
}

function integer({ text, line }: Token): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isSafeInteger(value)) throw fail(`line ${line}: the number ${text} is too large`)
  return value
}

/** What is between commas, up to the closing bracket; a comma may precede it. */
function separated<T>(tokens: TokenStream, end: string, parse: () => T): T[] {
  const items: T[] = []
  while (!tokens.is('operator', end)) {
    items.push(parse())
    if (!tokens.skip('operator', ',')) break
  }
  tokens.expect('operator', end)
  return items
}

function parsePostfix(tokens: TokenStream, value: Expression): Expression {
  let object = value
  for (;;) {
    const { line } = tokens
    if (tokens.skip('operator', '.')) {
      const token = tokens.next()
      if (token.kind === 'name') object = { kind: 'attribute', object, name: token.text, line }
      else if (token.kind === 'integer')
        object = {
          kind: 'item',
          object,
          index: { kind: 'constant', value: integer(token), line },
          line,
        }
      else throw fail(`line ${token.line}: expected a name after the dot`)
    } else if (tokens.skip('operator', '[')) object = parseSubscript(tokens, object, line)
    else if (tokens.is('operator', '('))
      object = { kind: 'call', callee: object, args: parseArguments(tokens), line }
    else return object
  }
}

function parseSubscript(tokens: TokenStream, object: Expression, line: number): Expression {
  const parts: (Expression | Slice)[] = separated(tokens, ']', () => {
    const isEnd = () => tokens.is('operator', ']') || tokens.is('operator', ',')
    const start = tokens.is('operator', ':') ? undefined : parseExpression(tokens)
    if (start && !tokens.is('operator', ':')) return start
    tokens.expect('operator', ':')
    const stop = isEnd() || tokens.is('operator', ':') ? undefined : parseExpression(tokens)
    const step = tokens.skip('operator', ':') && !isEnd() ? parseExpression(tokens) : undefined
    return { start, stop, step }
  })
  const [part] = parts
  if (!part || parts.length > 1) throw fail(`line ${line}: expected one index in the brackets`)
  return 'kind' in part
    ? { kind: 'item', object, index: part, line }
    : { kind: 'slice', object, slice: part, line }
}

function parseArguments(tokens: TokenStream): Arguments {
  tokens.expect('operator', '(')
  const positional: Expression[] = []
  const named: [string, Expression][] = []
  separated(tokens, ')', () => {
    const { current, line } = tokens
    if (current?.kind === 'operator' && ['*', '**'].includes(current.text))
      throw unsupported(`${current.text} in a call (line ${line})`)
    if (current?.kind === 'name' && tokens.is('operator', '=', 1)) {
      const name = tokens.next().text
      tokens.next()
      named.push([name, parseExpression(tokens)])
    } else {
      if (named.length > 0) throw fail(`line ${line}: a positional argument follows a named one`)
      positional.push(parseExpression(tokens))
    }
  })
  return { positional, named }
}

const NOTHING: Arguments = { positional: [], named: [] }

/** Filters, tests and calls after an expression. */
function parseFilters(tokens: TokenStream, value: Expression): Expression {
  let operand = value
  for (;;) {
    const { line } = tokens
    if (tokens.skip('operator', '|')) operand = parseFilter(tokens, operand)
    else if (tokens.skip('name', 'is')) {
      const isNot = tokens.skip('name', 'not')
      const name = tokens.expect('name').text
      operand = { kind: 'test', name, operand, args: testArguments(tokens), line }
      if (isNot) operand = { kind: 'not', operand, line }
    } else if (tokens.is('operator', '('))
      operand = { kind: 'call', callee: operand, args: parseArguments(tokens), line }
    else return operand
  }
}

function parseFilter(tokens: TokenStream, operand: Expression): Expression {
  const { line } = tokens
  const name = tokens.expect('name').text
  const args = tokens.is('operator', '(') ? parseArguments(tokens) : NOTHING
  return { kind: 'filter', name, operand, args, line }
}

/** In brackets, or a single one after a blank. */
function testArguments(tokens: TokenStream): Arguments {
  const { current } = tokens
  if (tokens.is('operator', '(')) return parseArguments(tokens)
  if (tokens.is('name', 'is')) throw tokens.unexpected('a test does not follow another one')
  const isOther = ['else', 'or', 'and'].some((name) => tokens.is('name', name))
  const begins =
    current?.kind === 'operator'
      ? ['[', '{'].includes(current.text)
      : current && ['name', 'string', 'integer', 'float'].includes(current.kind)
  if (!begins || isOther) return NOTHING
  return { positional: [parsePostfix(tokens, parsePrimary(tokens))], named: [] }
}
