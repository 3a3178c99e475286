import type { Arguments, Body, Expression, Statement, Target } from './ast.ts'
import { attributeOf, itemOf, sliceOf } from './attributes.ts'
import { type Budget, MEMBER } from './budget.ts'
import { type Args, bind, type Run } from './calls.ts'
import { fail, unsupported } from './fail.ts'
import { applyFilter } from './filters.ts'
import { binary, compare, isTrue, iterate, negative } from './operators.ts'
import { Scope } from './scope.ts'
import { str } from './show.ts'
import { applyTest } from './tests.ts'
import { concat, isText, type Str, Text } from './text.ts'
import {
  Callable,
  Dict,
  Float,
  List,
  Loop,
  Namespace,
  orElse,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.ts'

type Signal = 'break' | 'continue' | undefined

const NO_ARGS: Args = { positional: [], named: new Map() }

/** Variables that Jinja2 gives a macro besides its parameters. */
const OF_MACROS = new Set(['caller', 'kwargs', 'varargs'])

/** Runs the statements of a template. Every step is charged to the budget. */
export class Interpreter implements Run {
  readonly budget: Budget

  constructor(budget: Budget) {
    this.budget = budget
  }

  render(body: Body, variables: Readonly<Record<string, Value>>): Str {
    return this.#text(body, new Scope(undefined, Object.entries(variables)))
  }

  filter(name: string, value: Value, args: Args): Value {
    return applyFilter(this, name, value, args)
  }

  test(name: string, value: Value, args: Args): boolean {
    return applyTest(this, name, value, args)
  }

  /** The output of a body, as one text. */
  #text(body: Body, scope: Scope): Str {
    const out: Str[] = []
    this.#run(body, scope, out)
    this.budget.make(out.reduce((size, part) => size + sizeOf(part), 0))
    return concat(out)
  }

  #run(body: Body, scope: Scope, out: Str[]): Signal {
    for (const statement of body) {
      const signal = this.budget.step(() => this.#statement(statement, scope, out))
      if (signal) return signal
    }
    return undefined
  }

  #statement(statement: Statement, scope: Scope, out: Str[]): Signal {
    switch (statement.kind) {
      case 'text':
        out.push(statement.text)
        return undefined
      case 'output': {
        // Nothing is escaped here, so `safe` changes nothing at the end of an output.
        const { value } = statement
        const isSafe = value.kind === 'filter' && value.name === 'safe' && value.operand
        out.push(str(this.budget, this.#value(isSafe || value, scope)))
        return undefined
      }
      case 'branches': {
        const found = statement.branches.find(([test]) => isTrue(this.#value(test, scope)))
        return this.#run(found ? found[1] : statement.otherwise, scope, out)
      }
      case 'for':
        return this.#loop(statement, scope, out)
      case 'set':
        this.#assign(statement.target, this.#value(statement.value, scope), scope)
        return undefined
      case 'capture':
        this.#assign(statement.target, this.#text(statement.body, new Scope(scope)), scope)
        return undefined
      case 'macro':
        scope.set(statement.name, this.#macro(statement, scope))
        return undefined
      case 'with': {
        const inner = new Scope(scope)
        const values = statement.pairs.map(([, value]) => this.#value(value, scope))
        for (const [i, [target]] of statement.pairs.entries())
          this.#assign(target, values[i] as Value, inner)
        return this.#run(statement.body, inner, out)
      }
      default:
        return statement.kind
    }
  }

  #loop(node: Statement & { kind: 'for' }, scope: Scope, out: Str[]): Signal {
    const { target, test, body } = node
    const items = iterate(this.budget, this.#value(node.iterable, scope))
    const passes = (item: Value): boolean => {
      if (!test) return true
      const inner = new Scope(scope)
      this.#assign(target, item, inner)
      return isTrue(this.#value(test, inner))
    }
    // A list's iterator resumes where the last search ended.
    const left = items.values()
    const loop = new Loop(() => {
      for (const item of left) if (passes(item)) return item
      return undefined
    })
    let isWhole = false
    for (let item = loop.item(0); item !== undefined; item = loop.item(++loop.index)) {
      const inner = new Scope(scope, [['loop', loop]])
      this.#assign(target, item, inner)
      this.budget.spend(MEMBER)
      const signal = this.#run(body, inner, out)
      if (signal === 'break') break
      if (!signal) isWhole = true
    }
    // Jinja2 runs `else` if no iteration ran to its end.
    return isWhole ? undefined : this.#run(node.otherwise, new Scope(scope), out)
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.kind === 'name') scope.set(target.name, value)
    else if (target.kind === 'attribute' && target.object.kind === 'name') {
      const { name } = target.object
      const space = scope.get(name)
      if (!(space instanceof Namespace))
        throw fail(`${name} is no namespace, so ${target.name} cannot be set`)
      space.values.set(target.name, value)
    } else if (target.kind === 'tuple') {
      const items = iterate(this.budget, value)
      const expected = target.items.length
      if (items.length !== expected)
        throw fail(`${items.length} values cannot be unpacked into ${expected} names`)
      for (const [i, one] of target.items.entries()) this.#assign(one, items[i] as Value, scope)
    }
  }

  #macro({ name, parameters, body }: Statement & { kind: 'macro' }, scope: Scope): Value {
    const names = parameters.map((parameter) => parameter.name)
    return new Callable(name, (_, args) => {
      const given = bind(name, names, args)
      const inner = new Scope(scope, [], { isMacro: true })
      for (const [i, { name: key, fallback }] of parameters.entries()) {
        const missing = new Undefined(`parameter '${key}' was not provided`)
        const value = given[i] === undefined && fallback ? this.#value(fallback, inner) : given[i]
        inner.set(key, orElse(value, missing))
      }
      return this.#text(body, inner)
    })
  }

  #value(node: Expression, scope: Scope): Value {
    const value = this.budget.step(() => this.#evaluate(node, scope))
    if (node.kind !== 'name' && isText(value)) this.budget.make(sizeOf(value))
    return value
  }

  #evaluate(node: Expression, scope: Scope): Value {
    const value = (one: Expression): Value => this.#value(one, scope)
    switch (node.kind) {
      case 'constant': {
        const { value: constant } = node
        return typeof constant === 'object' && constant ? new Float(constant.float) : constant
      }
      case 'name': {
        const { name } = node
        this.budget.spend(scope.depth)
        const found = scope.get(name)
        if (found === undefined && scope.isMacro && OF_MACROS.has(name))
          throw unsupported(`${name} in a macro`)
        return orElse(found, new Undefined(`'${name}' is undefined`))
      }
      case 'list':
        return new List(node.items.map(value))
      case 'tuple':
        return new Tuple(node.items.map(value))
      case 'dict':
        return new Dict(node.pairs.map(([key, one]) => [value(key), value(one)] as const))
      case 'if': {
        if (isTrue(value(node.test))) return value(node.value)
        const problem =
          'the inline if-expression evaluated to false and no else section was defined.'
        return node.otherwise ? value(node.otherwise) : new Undefined(problem)
      }
      case 'unary': {
        const operand = value(node.operand)
        if (node.name === 'not') return !isTrue(operand)
        return negative(operand, node.name === '-' ? -1 : 1)
      }
      case 'compare': {
        let left = value(node.left)
        return node.rest.every(([operator, one]) => {
          const right = value(one)
          const holds = compare(this.budget, operator, left, right)
          left = right
          return holds
        })
      }
      case 'binary': {
        const { operator } = node
        const left = value(node.left)
        if (operator === 'and' || operator === 'or')
          return isTrue(left) === (operator === 'and') ? value(node.right) : left
        return binary(this.budget, operator, left, value(node.right))
      }
      case 'attribute':
        return attributeOf(value(node.object), node.name)
      case 'item': {
        const object = value(node.object)
        return itemOf(this.budget, object, value(node.index))
      }
      case 'slice': {
        const object = value(node.object)
        const { start, stop, step } = node.slice
        const [first, last, by] = [start, stop, step].map((one) => (one ? value(one) : null))
        return sliceOf(this.budget, object, first as Value, last as Value, by as Value)
      }
      case 'call':
        return this.#call(node, scope)
      case 'filter':
      case 'test': {
        const operand = value(node.operand)
        return this[node.kind](node.name, operand, this.#args(node.args, scope))
      }
    }
  }

  #call(node: Expression & { kind: 'call' }, scope: Scope): Value {
    const callee = this.#value(node.callee, scope)
    const args = this.#args(node.args, scope)
    if (callee instanceof Undefined) throw fail(callee.problem)
    if (!(callee instanceof Callable)) throw fail(`'${typeName(callee)}' object is not callable`)
    return callee.call(this, args)
  }

  #args({ positional, named }: Arguments, scope: Scope): Args {
    if (positional.length === 0 && named.length === 0) return NO_ARGS
    const values = positional.map((one) => this.#value(one, scope))
    const byName = new Map<string, Value>()
    for (const [key, one] of named) {
      if (byName.has(key)) throw fail(`a call has the argument ${key} twice`)
      byName.set(key, this.#value(one, scope))
    }
    return { positional: values, named: byName }
  }
}

/** Characters of a text, and more for the pieces that it is made of. */
const sizeOf = (value: Str): number =>
  value instanceof Text ? value.text.length + 8 * value.ends.length : value.length
