import { own } from '../../own.ts'
import { type Budget, MEMBER } from './budget.ts'
import { integerOf, type Operation, operations, workOf } from './calls.ts'
import { fail, unsupported } from './fail.ts'
import { equals, itemsOf, lengthOf } from './operators.ts'
import { stringMethods } from './string-methods.ts'
import { codePoints, concat, isText, plain, type Str, slice } from './text.ts'
import {
  Callable,
  Dict,
  List,
  Loop,
  Namespace,
  orElse,
  Range,
  Sequence,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from './values.ts'

/** Python's attributes that are missing here: they are refused, not undefined. */
const OTHERS: Readonly<Record<string, string>> = {
  str:
    'casefold center encode expandtabs format format_map isidentifier isnumeric isprintable ' +
    'istitle ljust maketrans partition rjust rpartition swapcase translate zfill',
  int:
    'as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real ' +
    'to_bytes',
  float: 'as_integer_ratio conjugate fromhex hex imag is_integer real',
  list: 'append clear copy extend insert pop remove reverse sort',
  dict: 'clear copy fromkeys pop popitem setdefault update',
  range: 'count index start step stop',
  dict_keys: 'isdisjoint mapping',
  dict_items: 'isdisjoint mapping',
  dict_values: 'mapping',
  LoopContext: 'changed',
}

const dictMethods = operations<Dict>({
  'get key* default': (_, dict, key, fallback = null) => orElse(dict.get(key as Value), fallback),
  items: (_, { entries }) =>
    new View(
      'dict_items',
      Array.from(entries.values(), (pair) => new Tuple(pair)),
    ),
  keys: (_, dict) => new View('dict_keys', dict.keys()),
  values: (_, { entries }) =>
    new View(
      'dict_values',
      Array.from(entries.values(), ([, value]) => value),
    ),
})

const listMethods = operations<List | Tuple>({
  'count item*': ({ budget }, { items }, item) =>
    items.filter((one) => equals(budget, one, item as Value)).length,
  'index item*': ({ budget }, { items }, item) => {
    const found = items.findIndex((one) => equals(budget, one, item as Value))
    if (found < 0) throw fail('the item is not in the list')
    return found
  },
})

function methodsOf(value: Value) {
  if (isText(value)) return stringMethods
  if (value instanceof Dict) return dictMethods
  return value instanceof List || value instanceof Tuple ? listMethods : {}
}

/** The variable `loop`. */
const loopAttributes: Readonly<Record<string, (loop: Loop) => Value>> = {
  index: ({ index }) => index + 1,
  index0: ({ index }) => index,
  revindex: ({ index, length }) => length - index,
  revindex0: ({ index, length }) => length - index - 1,
  first: ({ index }) => index === 0,
  last: (loop) => loop.item(loop.index + 1) === undefined,
  length: ({ length }) => length,
  depth: () => 1,
  depth0: () => 0,
  previtem: (loop) => orElse(loop.item(loop.index - 1), new Undefined('there is no previous item')),
  nextitem: (loop) => orElse(loop.item(loop.index + 1), new Undefined('there is no next item')),
  cycle: ({ index }) =>
    new Callable('cycle', (_, { positional }) => {
      if (positional.length === 0) throw fail('no items for cycling given')
      return positional[index % positional.length] as Value
    }),
}

/** A value's attribute in Python, most often a method; undefined if there is none. */
function builtIn(value: Value, name: string): Value | undefined {
  if (value instanceof Undefined) throw fail(value.problem)
  if (value instanceof Namespace) return value.values.get(name)
  const ofLoop = value instanceof Loop ? own(loopAttributes, name) : undefined
  if (ofLoop) return ofLoop(value as Loop)
  const call = own(methodsOf(value) as Readonly<Record<string, Operation<Value>>>, name)
  if (call) {
    return new Callable(name, (run, args) => {
      // A method reads its own value and its arguments.
      run.budget.spend(isText(value) ? plain(value).length : MEMBER * (lengthOf(value) ?? 0))
      run.budget.spend(workOf(args))
      return call(run, value, args)
    })
  }
  const type = typeName(value)
  const others = own(OTHERS, type === 'bool' ? 'int' : type)
  if (others?.split(' ').includes(name)) throw unsupported(`${type}.${name}`)
  return undefined
}

/** `object.name`: the attribute of that name, else the entry of a dict. */
export function attributeOf(object: Value, name: string): Value {
  const found = builtIn(object, name)
  if (found !== undefined) return found
  if (object instanceof Dict) return orElse(object.get(name), missing(object, name))
  return missing(object, name)
}

/** `object[index]`: the item of a list or a dict, else the attribute of that name. */
export function itemOf(budget: Budget, object: Value, index: Value): Value {
  if (object instanceof Undefined) throw fail(object.problem)
  if (object instanceof Dict) {
    const isKey = !(index instanceof List || index instanceof Dict || index instanceof Undefined)
    const found = isKey ? object.get(index) : undefined
    if (found !== undefined) return found
  } else if (typeof index === 'number' || typeof index === 'boolean') {
    const position = Number(index)
    if (isText(object)) {
      budget.spend(plain(object).length)
      const points = codePoints(plain(object))
      const at = position < 0 ? position + points.length : position
      if (at >= 0 && at < points.length) return slice(object, points.at(at), points.at(at + 1))
    } else if (object instanceof Sequence) {
      const found = object.items.at(position)
      if (found !== undefined) return found
    }
  }
  if (!isText(index)) return missing(object, index)
  return orElse(builtIn(object, plain(index)), missing(object, index))
}

function missing(object: Value, key: Value): Undefined {
  const name = isText(key) ? `'${plain(key)}'` : `element ${String(key)}`
  const kind = object === null ? 'None' : `'${typeName(object)} object'`
  return new Undefined(`${kind} has no ${isText(key) ? 'attribute ' : ''}${name}`)
}

/** `object[start:stop:step]`. */
export function sliceOf(
  budget: Budget,
  object: Value,
  start: Value,
  stop: Value,
  step: Value,
): Value {
  if (object instanceof Undefined) throw fail(object.problem)
  if (isText(object)) budget.spend(plain(object).length)
  const length = lengthOf(object)
  if (length === undefined || !(object instanceof Sequence || isText(object)))
    throw fail(`'${typeName(object)}' object is not subscriptable`)
  const by = step === null ? 1 : integerOf(step, 1, 'a slice')
  if (by === 0) throw fail('slice step cannot be zero')
  const [low, high] = by > 0 ? [0, length] : [-1, length - 1]
  const clamp = (value: Value, fallback: number): number => {
    if (value === null) return fallback
    const given = integerOf(value, 0, 'a slice')
    return Math.min(high, Math.max(low, given < 0 ? given + length : given))
  }
  const first = clamp(start, by > 0 ? low : high)
  const last = clamp(stop, by > 0 ? high : low)
  if (isText(object) && by === 1) {
    const points = codePoints(plain(object))
    return slice(object, points.at(first), points.at(Math.max(first, last)))
  }
  budget.make(Math.ceil(Math.max(0, (last - first) / by)), MEMBER)
  const items = itemsOf(object) as readonly Value[]
  const taken: Value[] = []
  for (let i = first; by > 0 ? i < last : i > last; i += by) taken.push(items[i] as Value)
  if (isText(object)) return concat(taken as Str[])
  if (object instanceof Range) throw unsupported('a slice of a range')
  return object instanceof Tuple ? new Tuple(taken) : new List(taken)
}
