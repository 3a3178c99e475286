import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'

// The package's own declarations do not resolve under Node's rules: this is what we use of it.

/** A node of a parsed template. */
export interface Node {
  readonly type: string
  readonly [field: string]: unknown
}

/** A value at run time: text, number, boolean, list, mapping (a Map), function, null or undefined. */
export interface Value {
  readonly type: string
  readonly value: unknown
}

/** The interpreter calls its own `evaluate` for every statement and expression. */
export interface Evaluator {
  evaluate(node: Node | undefined, scope: object): Value | undefined
}

/** Throws SyntaxError, or TypeError where the template ends too early. */
export const parseTemplate = (source: string): Node =>
  parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }))

/** An interpreter, and its scope with nothing in it but `variables` (data and functions). */
export function newInterpreter(variables: Readonly<Record<string, unknown>>): {
  interpreter: Evaluator
  scope: object
} {
  const scope = new Environment()
  for (const [name, value] of Object.entries(variables)) scope.set(name, value)
  return { interpreter: new Interpreter(scope), scope }
}
