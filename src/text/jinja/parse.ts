import type { Body, Expression, Parameter, Statement, Target } from './ast.ts'
import { fail, unsupported } from './fail.ts'
import { tokenize } from './lexer.ts'
import { parseExpression, parseOr, parsePrimary, parseTuple } from './parse-expression.ts'
import { TokenStream } from './token-stream.ts'

/** Tags of Jinja2 and its extensions that read other files or that no chat template has. */
const REFUSED = new Set(
  'extends block include import from autoescape call filter print do trans pluralize debug'.split(
    ' ',
  ),
)

/** The statements of a template. Throws UserError with the line at fault. */
export function parseTemplate(source: string): Body {
  const tokens = new TokenStream(tokenize(source))
  const body = parseBody(tokens, [])
  if (tokens.current) throw tokens.unexpected('no such block is open')
  return body
}

/** Up to one of the tags `ends`, whose name has been read then. */
function parseBody(tokens: TokenStream, ends: readonly string[]): Statement[] {
  return tokens.nested(() => {
    const body: Statement[] = []
    for (;;) {
      const { current, line } = tokens
      if (!current) {
        if (ends.length === 0) return body
        throw fail(`it ends too early: {% ${ends.at(-1)} %} is missing`)
      }
      tokens.next()
      if (current.kind === 'text') body.push({ kind: 'text', text: current.text, line })
      else if (current.text === 'variable') {
        body.push({ kind: 'output', value: parseTuple(tokens), line })
        tokens.expect('end', 'variable')
      } else {
        if (ends.some((end) => tokens.is('name', end))) return body
        body.push(...parseTag(tokens))
      }
    }
  })
}

/** The rest of a block: its body, and the tag that ends it. */
function bodyOf(tokens: TokenStream, end: string): Statement[] {
  tokens.expect('end', 'block')
  const body = parseBody(tokens, [end])
  endOf(tokens, end)
  return body
}

/** What `else` has, if it is there, and the tag that ends the block. */
function elseOf(tokens: TokenStream, end: string): Statement[] {
  if (tokens.skip('name', 'else')) return bodyOf(tokens, end)
  endOf(tokens, end)
  return []
}

function endOf(tokens: TokenStream, name: string): void {
  tokens.expect('name', name)
  tokens.expect('end', 'block')
}

function parseTag(tokens: TokenStream): Statement[] {
  const { line } = tokens
  const { text: tag } = tokens.expect('name')
  const parse = TAGS[tag]
  if (parse) return [{ ...parse(tokens), line }]
  if (REFUSED.has(tag)) throw unsupported(`{% ${tag} %} (line ${line})`)
  throw fail(`line ${line}: there is no tag ${tag}`)
}

type WithoutLine<T> = T extends unknown ? Omit<T, 'line'> : never

const TAGS: Readonly<Record<string, (tokens: TokenStream) => WithoutLine<Statement>>> = {
  __proto__: null as never,
  if: (tokens) => {
    const branches: (readonly [Expression, Body])[] = []
    const branch = () => {
      const test = parseTuple(tokens, { parse: parseOr })
      tokens.expect('end', 'block')
      branches.push([test, parseBody(tokens, ['elif', 'else', 'endif'])])
    }
    branch()
    while (tokens.skip('name', 'elif')) branch()
    return { kind: 'branches', branches, otherwise: elseOf(tokens, 'endif') }
  },
  for: (tokens) => {
    const target = parseTarget(tokens, () => tokens.is('name', 'in'))
    tokens.expect('name', 'in')
    const isLast = () => tokens.is('name', 'recursive')
    const iterable = parseTuple(tokens, { parse: parseOr, isLast })
    const test = tokens.skip('name', 'if') ? parseExpression(tokens) : undefined
    if (tokens.is('name', 'recursive'))
      throw unsupported(`recursive in a loop (line ${tokens.line})`)
    tokens.expect('end', 'block')
    const body = parseBody(tokens, ['else', 'endfor'])
    return { kind: 'for', target, iterable, test, body, otherwise: elseOf(tokens, 'endfor') }
  },
  set: (tokens) => {
    const target = parseTarget(tokens, () => tokens.is('operator', '='))
    if (tokens.skip('operator', '=')) {
      const value = parseTuple(tokens)
      tokens.expect('end', 'block')
      return { kind: 'set', target, value }
    }
    if (tokens.is('operator', '|')) throw unsupported(`a filter of {% set %} (line ${tokens.line})`)
    return { kind: 'capture', target, body: bodyOf(tokens, 'endset') }
  },
  macro: (tokens) => {
    const { text: name } = tokens.expect('name')
    const parameters = parseParameters(tokens)
    return { kind: 'macro', name, parameters, body: bodyOf(tokens, 'endmacro') }
  },
  with: (tokens) => {
    const pairs: (readonly [Target, Expression])[] = []
    while (tokens.current?.kind !== 'end') {
      if (pairs.length > 0) tokens.expect('operator', ',')
      const target = parseTarget(tokens, () => tokens.is('operator', '='))
      tokens.expect('operator', '=')
      pairs.push([target, parseExpression(tokens)])
    }
    return { kind: 'with', pairs, body: bodyOf(tokens, 'endwith') }
  },
  // Of transformers: it marks what the assistant writes, and is a scope of its own.
  generation: (tokens) => ({ kind: 'with', pairs: [], body: bodyOf(tokens, 'endgeneration') }),
  break: (tokens) => {
    tokens.expect('end', 'block')
    return { kind: 'break' }
  },
  continue: (tokens) => {
    tokens.expect('end', 'block')
    return { kind: 'continue' }
  },
}

function parseParameters(tokens: TokenStream): Parameter[] {
  const parameters: Parameter[] = []
  tokens.expect('operator', '(')
  while (!tokens.is('operator', ')')) {
    if (parameters.length > 0) tokens.expect('operator', ',')
    const { text: name, line } = tokens.expect('name')
    const fallback = tokens.skip('operator', '=') ? parseExpression(tokens) : undefined
    if (!fallback && parameters.at(-1)?.fallback)
      throw fail(`line ${line}: a parameter without a default follows one that has one`)
    parameters.push({ name, fallback })
  }
  tokens.expect('operator', ')')
  return parameters
}

function parseTarget(tokens: TokenStream, isLast: () => boolean): Target {
  const parse = (): Expression => {
    if (tokens.current?.kind !== 'name' || !tokens.is('operator', '.', 1))
      return parsePrimary(tokens)
    const { text: name, line } = tokens.next()
    tokens.next()
    const object = { kind: 'name', name, line } as const
    return { kind: 'attribute', object, name: tokens.expect('name').text, line }
  }
  const toTarget = (node: Expression): Target => {
    if (node.kind === 'name') return { kind: 'name', name: node.name }
    if (node.kind === 'tuple') return { kind: 'tuple', items: node.items.map(toTarget) }
    if (node.kind === 'attribute' && node.object.kind === 'name')
      return { kind: 'attribute', name: node.object.name, attribute: node.name }
    throw fail(`line ${node.line}: nothing can be assigned to this`)
  }
  return toTarget(parseTuple(tokens, { parse, isLast }))
}
