import { own } from '../../own.ts'
import { type Args, operations, type Run, workOf } from './calls.ts'
import { fail, unsupported } from './fail.ts'
import { binary, compare, equals, isTrue, itemsOf } from './operators.ts'
import { str } from './show.ts'
import { isCase, lower, upper } from './string-methods.ts'
import { isText, plain } from './text.ts'
import {
  Callable,
  Dict,
  Float,
  Iterator,
  Loop,
  numberOf,
  Sequence,
  Undefined,
  type Value,
} from './values.ts'

type Test = (run: Run, value: Value, ...args: (Value | undefined)[]) => boolean

/** Throws UserError for an unknown test, by name. */
export function applyTest(run: Run, name: string, value: Value, args: Args): boolean {
  run.budget.spend(workOf(args) + (isText(value) ? plain(value).length : 0))
  const test = own(tests, name)
  if (test) return isTrue(test(run, value, args))
  if (['filter', 'test', 'escaped'].includes(name)) throw unsupported(`the test ${name}`)
  throw fail(`there is no test ${name}`)
}

const isSized: Test = (_, value) =>
  isText(value) || [Sequence, Dict, Undefined].some((type) => value instanceof type)

const parity =
  (rest: number): Test =>
  ({ budget }, value) =>
    equals(budget, binary(budget, '%', value, 2), rest)

const inCase =
  (change: (text: string) => string): Test =>
  ({ budget }, value) =>
    isCase(plain(str(budget, value)), change)

/** Comparisons, and their other names. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  '==': ['eq', 'equalto'],
  '!=': ['ne'],
  '<': ['lt', 'lessthan'],
  '<=': ['le'],
  '>': ['gt', 'greaterthan'],
  '>=': ['ge'],
  in: [],
}

const comparisons = Object.entries(NAMES).flatMap(([sign, names]) => {
  const test: Test = ({ budget }, value, other) => compare(budget, sign, value, other as Value)
  return [sign, ...names].map((name) => [`${name} other*`, test] as const)
})

const tests = operations<Value>({
  ...Object.fromEntries(comparisons),
  defined: (_, value) => !(value instanceof Undefined),
  undefined: (_, value) => value instanceof Undefined,
  none: (_, value) => value === null,
  boolean: (_, value) => typeof value === 'boolean',
  true: (_, value) => value === true,
  false: (_, value) => value === false,
  integer: (_, value) => typeof value === 'number',
  float: (_, value) => value instanceof Float,
  number: (_, value) => numberOf(value) !== undefined,
  string: (_, value) => isText(value),
  mapping: (_, value) => value instanceof Dict,
  sequence: isSized,
  iterable: (_, value) =>
    value instanceof Iterator || value instanceof Loop || itemsOf(value) !== undefined,
  callable: (_, value) => value instanceof Callable || value instanceof Undefined,
  lower: inCase(lower),
  upper: inCase(upper),
  odd: parity(1),
  even: parity(0),
  'divisibleby other*': ({ budget }, value, other) =>
    !isTrue(binary(budget, '%', value, other as Value)),
  'sameas other*': (_, value, other) => {
    if (isText(value) && isText(other) && plain(value) === plain(other))
      throw unsupported('the test sameas of texts')
    return value === other
  },
})
