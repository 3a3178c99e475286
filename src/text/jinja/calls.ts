import type { Budget } from './budget.ts'
import { fail } from './fail.ts'
import { isText, plain, type Str } from './text.ts'
import { typeName, type Value } from './values.ts'

export interface Args {
  readonly positional: readonly Value[]
  readonly named: ReadonlyMap<string, Value>
}

/** The part of the interpreter that filters, tests and functions use. */
export interface Run {
  readonly budget: Budget
  filter(name: string, value: Value, args: Args): Value
  test(name: string, value: Value, args: Args): boolean
}

/** The cost of reading all arguments: one unit each, and one per character of texts. */
export function workOf({ positional, named }: Args): number {
  let work = positional.length + named.size
  for (const values of [positional, named.values()])
    for (const value of values) if (isText(value)) work += plain(value).length
  return work
}

/** Arguments by the names of `parameters` (a star marks those that must be given). */
export function bind(
  name: string,
  names: readonly string[],
  { positional, named }: Args,
): (Value | undefined)[] {
  if (positional.length > names.length)
    throw fail(`${name}() takes at most ${names.length} arguments; ${positional.length} are given`)
  const rest = new Map(named)
  const bound = names.map((parameter, i) => {
    const key = parameter.replace('*', '')
    const value = positional[i] === undefined ? rest.get(key) : positional[i]
    if (positional[i] !== undefined && rest.has(key))
      throw fail(`${name}() gets the argument ${key} twice`)
    rest.delete(key)
    if (value === undefined && parameter.endsWith('*'))
      throw fail(`${name}() lacks the argument ${key}`)
    return value
  })
  for (const key of rest.keys()) throw fail(`${name}() has no argument ${key}`)
  return bound
}

/** A filter, a method or a function; `operations` binds its arguments to its parameters. */
export type Operation<S> = (run: Run, self: S, args: Args) => Value

/** Operations by name; each key has the name, then the parameters as `bind` reads them. */
export function operations<S>(
  signatures: Readonly<
    Record<string, (run: Run, self: S, ...args: (Value | undefined)[]) => Value>
  >,
): Readonly<Record<string, Operation<S>>> {
  const entries = Object.entries(signatures).map(([signature, call]) => {
    const [name = '', ...parameters] = signature.split(' ')
    const operation: Operation<S> = (run, self, args) =>
      call(run, self, ...bind(name, parameters, args))
    return [name, operation] as const
  })
  return Object.fromEntries(entries)
}

/** An integer argument, `fallback` if omitted. Throws UserError for anything else. */
export function integerOf(value: Value | undefined, fallback: number, what: string): number {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return Number(value)
  if (typeof value !== 'number') throw fail(`${what} expects an integer, not ${typeName(value)}`)
  return value
}

/** A text argument. Throws UserError for anything else. */
export function textOf(value: Value | undefined, what: string): Str {
  if (value !== undefined && isText(value)) return value
  throw fail(`${what} expects a text, not ${value === undefined ? 'nothing' : typeName(value)}`)
}
