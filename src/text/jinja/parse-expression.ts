import type { Arguments, Constant, Expression, Slice } from './ast.ts'
import { fail, unsupported } from './fail.ts'
import { type Token, unquote } from './lexer.ts'
import type { TokenStream } from './token-stream.ts'

type Parse = (tokens: TokenStream) => Expression

const NOTHING: Arguments = { positional: [], named: [] }

/** Jinja2's grammar of expressions, a function for each level of precedence. */
export function parseExpression(tokens: TokenStream): Expression {
  return tokens.nested(() => {
    let value = parseOr(tokens)
    while (tokens.skip('if')) {
      const test = parseOr(tokens)
      const otherwise = tokens.skip('else') ? parseExpression(tokens) : undefined
      value = { kind: 'if', test, value, otherwise }
    }
    return value
  })
}

interface TupleOptions {
  readonly parse?: Parse
  /** The word or operator that ends the tuple, besides a bracket or the end of the tag. */
  readonly end?: string
  readonly mayBeEmpty?: boolean
}

/** One expression, or several as a tuple. */
export function parseTuple(
  tokens: TokenStream,
  { parse = parseExpression, end = ')', mayBeEmpty }: TupleOptions = {},
): Expression {
  const items: Expression[] = []
  let isTuple = false
  while (tokens.current?.kind !== 'end' && !tokens.is(')') && !tokens.is(end)) {
    items.push(parse(tokens))
    if (!tokens.skip(',')) break
    isTuple = true
  }
  const [only] = items
  if (only && !isTuple) return only
  if (!only && !mayBeEmpty) throw tokens.unexpected('expected an expression')
  return { kind: 'tuple', items }
}

const binary =
  (operators: readonly string[], operand: Parse): Parse =>
  (tokens) => {
    let left = operand(tokens)
    for (;;) {
      const operator = operators.find((one) => tokens.skip(one))
      if (!operator) return left
      left = { kind: 'binary', operator, left, right: operand(tokens) }
    }
  }

// Unlike Python's, `**` is taken from the left, and `~` binds more tightly than `+`.
const parsePower = binary(['**'], (tokens) => parseUnary(tokens))
const parseProduct = binary(['*', '//', '/', '%'], parsePower)
const parseSum = binary(['+', '-'], binary(['~'], parseProduct))
const parseAnd = binary(['and'], parseNot)
/** Without `if` and `else`, which mean something else after `for` and `if`. */
export const parseOr = binary(['or'], parseAnd)

function parseNot(tokens: TokenStream): Expression {
  if (!tokens.skip('not')) return parseCompare(tokens)
  return unary(
    'not',
    tokens.nested(() => parseNot(tokens)),
  )
}

const unary = (name: string, operand: Expression): Expression => ({
  kind: 'unary',
  name,
  operand,
  args: NOTHING,
})

function parseCompare(tokens: TokenStream): Expression {
  const left = parseSum(tokens)
  const rest: (readonly [string, Expression])[] = []
  for (;;) {
    let operator = ['==', '!=', '<', '<=', '>', '>=', 'in'].find((one) => tokens.skip(one))
    if (!operator && tokens.is('not') && tokens.is('in', 1)) {
      tokens.next()
      operator = `not ${tokens.next().text}`
    }
    if (!operator) return rest.length === 0 ? left : { kind: 'compare', left, rest }
    rest.push([operator, parseSum(tokens)])
  }
}

function parseUnary(tokens: TokenStream, withFilter = true): Expression {
  return tokens.nested(() => {
    const sign = ['-', '+'].find((one) => tokens.skip(one))
    const operand = sign ? unary(sign, parseUnary(tokens, false)) : parsePrimary(tokens)
    const value = parsePostfix(tokens, operand)
    return withFilter ? parseFilters(tokens, value) : value
  })
}

const CONSTANTS: ReadonlyMap<string, Constant> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])

export function parsePrimary(tokens: TokenStream): Expression {
  const token = tokens.current
  if (tokens.skip('(')) {
    const value = parseTuple(tokens, { mayBeEmpty: true })
    tokens.expect(')')
    return value
  }
  if (tokens.skip('['))
    return { kind: 'list', items: separated(tokens, ']', () => parseExpression(tokens)) }
  if (tokens.skip('{')) {
    const pairs = separated(tokens, '}', () => {
      const key = parseExpression(tokens)
      tokens.expect(':')
      return [key, parseExpression(tokens)] as const
    })
    return { kind: 'dict', pairs }
  }
  if (token?.kind === 'string') {
    let value = ''
    while (tokens.current?.kind === 'string') value += unquote(tokens.next())
    return { kind: 'constant', value }
  }
  if (!token || !['name', 'integer', 'float'].includes(token.kind))
    throw tokens.unexpected('expected an expression')
  const { kind, text } = tokens.next()
  if (kind === 'integer') return { kind: 'constant', value: integer(token) }
  if (kind === 'float')
    return { kind: 'constant', value: { float: Number(text.replaceAll('_', '')) } }
  const value = CONSTANTS.get(text)
  return value === undefined ? { kind: 'name', name: text } : { kind: 'constant', value }
}

function integer({ text, line }: Token): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isSafeInteger(value)) throw fail(`line ${line}: the number ${text} is too large`)
  return value
}

/** What is between commas, up to the closing bracket; a comma may precede it. */
function separated<T>(tokens: TokenStream, end: string, parse: () => T): T[] {
  const items: T[] = []
  while (!tokens.is(end)) {
    items.push(parse())
    if (!tokens.skip(',')) break
  }
  tokens.expect(end)
  return items
}

function parsePostfix(tokens: TokenStream, value: Expression): Expression {
  let object = value
  for (;;) {
    if (tokens.skip('.')) {
      const token = tokens.next()
      if (token.kind === 'name') object = { kind: 'attribute', object, name: token.text }
      else if (token.kind === 'integer')
        object = { kind: 'item', object, index: { kind: 'constant', value: integer(token) } }
      else throw fail(`line ${token.line}: expected a name after the dot`)
    } else if (tokens.skip('[')) object = parseSubscript(tokens, object)
    else if (tokens.is('(')) object = { kind: 'call', callee: object, args: parseArguments(tokens) }
    else return object
  }
}

function parseSubscript(tokens: TokenStream, object: Expression): Expression {
  const { line } = tokens
  const parts: (Expression | Slice)[] = separated(tokens, ']', () => {
    const optional = () =>
      [']', ',', ':'].some((one) => tokens.is(one)) ? undefined : parseExpression(tokens)
    const start = optional()
    if (start && !tokens.is(':')) return start
    tokens.expect(':')
    const stop = optional()
    return { start, stop, step: tokens.skip(':') ? optional() : undefined }
  })
  const [part] = parts
  if (!part || parts.length > 1) throw fail(`line ${line}: expected one index in the brackets`)
  return 'kind' in part
    ? { kind: 'item', object, index: part }
    : { kind: 'slice', object, slice: part }
}

function parseArguments(tokens: TokenStream): Arguments {
  const positional: Expression[] = []
  const named: [string, Expression][] = []
  tokens.expect('(')
  separated(tokens, ')', () => {
    const { current, line } = tokens
    if (tokens.is('*') || tokens.is('**'))
      throw unsupported(`${current?.text} in a call (line ${line})`)
    if (current?.kind === 'name' && tokens.is('=', 1)) {
      const name = tokens.name()
      tokens.expect('=')
      named.push([name, parseExpression(tokens)])
    } else {
      if (named.length > 0) throw fail(`line ${line}: a positional argument follows a named one`)
      positional.push(parseExpression(tokens))
    }
  })
  return { positional, named }
}

/** Filters, tests and calls after an expression. */
function parseFilters(tokens: TokenStream, value: Expression): Expression {
  let operand = value
  for (;;) {
    if (tokens.skip('|')) {
      const name = tokens.name()
      const args = tokens.is('(') ? parseArguments(tokens) : NOTHING
      operand = { kind: 'filter', name, operand, args }
    } else if (tokens.skip('is')) {
      const isNot = tokens.skip('not')
      operand = { kind: 'test', name: tokens.name(), operand, args: testArguments(tokens) }
      if (isNot) operand = unary('not', operand)
    } else if (tokens.is('('))
      operand = { kind: 'call', callee: operand, args: parseArguments(tokens) }
    else return operand
  }
}

/** In brackets, or a single one after a blank. */
function testArguments(tokens: TokenStream): Arguments {
  if (tokens.is('(')) return parseArguments(tokens)
  if (tokens.is('is')) throw tokens.unexpected('a test does not follow another one')
  const kind = tokens.current?.kind ?? 'end'
  const begins =
    ['name', 'string', 'integer', 'float'].includes(kind) || tokens.is('[') || tokens.is('{')
  if (!begins || ['else', 'or', 'and'].some((name) => tokens.is(name))) return NOTHING
  return { positional: [parsePostfix(tokens, parsePrimary(tokens))], named: [] }
}
