import type { Body, Expression, Parameter, Statement, Target } from './ast.ts'
import { fail, unsupported } from './fail.ts'
import { tokenize } from './lexer.ts'
import { parseExpression, parseOr, parsePrimary, parseTuple } from './parse-expression.ts'
import { TokenStream } from './token-stream.ts'

/** Tags of Jinja2 and its extensions that read other files or that no chat template has. */
const REFUSED =
  'extends block include import from autoescape call filter print do trans pluralize debug'

/** The statements of a template. Throws UserError with the line at fault. */
export function parseTemplate(source: string): Body {
  const tokens = new TokenStream(tokenize(source))
  const body = parseBody(tokens, [])
  if (tokens.current) throw tokens.unexpected('no such block is open')
  return body
}

/** Up to one of the tags `ends`, the name of which is the current token then. */
function parseBody(tokens: TokenStream, ends: readonly string[]): Body {
  return tokens.nested(() => {
    const body: Statement[] = []
    while (tokens.current) {
      const { kind, text } = tokens.next()
      if (kind === 'text') body.push({ kind, text })
      else if (text === 'variable') {
        body.push({ kind: 'output', value: parseTuple(tokens) })
        tokens.end('variable')
      } else {
        if (ends.some((end) => tokens.is(end))) return body
        body.push(parseTag(tokens))
      }
    }
    if (ends.length > 0) throw fail(`it ends too early: {% ${ends.at(-1)} %} is missing`)
    return body
  })
}

/** The rest of a block: its body, and the tag that ends it. */
function bodyOf(tokens: TokenStream, end: string): Body {
  tokens.end('block')
  const body = parseBody(tokens, [end])
  endOf(tokens, end)
  return body
}

/** The body of `else`, if there is one, and the tag that ends the block. */
function elseOf(tokens: TokenStream, end: string): Body {
  if (tokens.skip('else')) return bodyOf(tokens, end)
  endOf(tokens, end)
  return []
}

function endOf(tokens: TokenStream, name: string): void {
  tokens.expect(name)
  tokens.end('block')
}

function parseTag(tokens: TokenStream): Statement {
  const { line } = tokens
  const tag = tokens.name()
  const parse = TAGS[tag]
  if (parse) return parse(tokens)
  if (REFUSED.split(' ').includes(tag)) throw unsupported(`{% ${tag} %} (line ${line})`)
  throw fail(`line ${line}: there is no tag ${tag}`)
}

const leave = (kind: 'break' | 'continue') => (tokens: TokenStream) => {
  tokens.end('block')
  return { kind }
}

const TAGS: Readonly<Record<string, (tokens: TokenStream) => Statement>> = {
  __proto__: null as never,
  if: (tokens) => {
    const branches: (readonly [Expression, Body])[] = []
    do {
      const test = parseTuple(tokens, { parse: parseOr })
      tokens.end('block')
      branches.push([test, parseBody(tokens, ['elif', 'else', 'endif'])])
    } while (tokens.skip('elif'))
    return { kind: 'branches', branches, otherwise: elseOf(tokens, 'endif') }
  },
  for: (tokens) => {
    const target = parseTarget(tokens, 'in')
    tokens.expect('in')
    const iterable = parseTuple(tokens, { parse: parseOr, end: 'recursive' })
    const test = tokens.skip('if') ? parseExpression(tokens) : undefined
    if (tokens.is('recursive')) throw unsupported(`recursive in a loop (line ${tokens.line})`)
    tokens.end('block')
    const body = parseBody(tokens, ['else', 'endfor'])
    return { kind: 'for', target, iterable, test, body, otherwise: elseOf(tokens, 'endfor') }
  },
  set: (tokens) => {
    const target = parseTarget(tokens, '=')
    if (tokens.skip('=')) {
      const value = parseTuple(tokens)
      tokens.end('block')
      return { kind: 'set', target, value }
    }
    if (tokens.is('|')) throw unsupported(`a filter of {% set %} (line ${tokens.line})`)
    return { kind: 'capture', target, body: bodyOf(tokens, 'endset') }
  },
  macro: (tokens) => {
    const name = tokens.name()
    const parameters = parseParameters(tokens)
    return { kind: 'macro', name, parameters, body: bodyOf(tokens, 'endmacro') }
  },
  with: (tokens) => {
    const pairs: (readonly [Target, Expression])[] = []
    while (tokens.current?.kind !== 'end') {
      if (pairs.length > 0) tokens.expect(',')
      const target = parseTarget(tokens, '=')
      tokens.expect('=')
      pairs.push([target, parseExpression(tokens)])
    }
    return { kind: 'with', pairs, body: bodyOf(tokens, 'endwith') }
  },
  // Of transformers: it marks what the assistant writes, and is a scope of its own.
  generation: (tokens) => ({ kind: 'with', pairs: [], body: bodyOf(tokens, 'endgeneration') }),
  break: leave('break'),
  continue: leave('continue'),
}

/** Unlike the arguments of a call, these do not end in a comma. */
function parseParameters(tokens: TokenStream): Parameter[] {
  const parameters: Parameter[] = []
  tokens.expect('(')
  while (!tokens.skip(')')) {
    if (parameters.length > 0) tokens.expect(',')
    const { line } = tokens
    const name = tokens.name()
    const fallback = tokens.skip('=') ? parseExpression(tokens) : undefined
    if (!fallback && parameters.at(-1)?.fallback)
      throw fail(`line ${line}: a parameter without a default follows one that has one`)
    parameters.push({ name, fallback })
  }
  return parameters
}

/** A target; `end` is the word or operator that follows it. */
function parseTarget(tokens: TokenStream, end: string): Target {
  const { line } = tokens
  const parse = (): Expression => {
    const object = parsePrimary(tokens)
    return object.kind === 'name' && tokens.skip('.')
      ? { kind: 'attribute', object, name: tokens.name() }
      : object
  }
  const isTarget = (node: Expression): boolean =>
    node.kind === 'name' ||
    (node.kind === 'attribute' && node.object.kind === 'name') ||
    (node.kind === 'tuple' && node.items.every(isTarget))
  const target = parseTuple(tokens, { parse, end })
  if (!isTarget(target)) throw fail(`line ${line}: nothing can be assigned to this`)
  return target
}
