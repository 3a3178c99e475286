import type { Args, Run } from './calls.ts'
import { fail, unsupported } from './fail.ts'
import { isText, plain, type Str, Text } from './text.ts'

/** Python's values. Integers are numbers, so that 1.0, which prints otherwise, is a `Float`. */
export type Value =
  | Str
  | number
  | boolean
  | null
  | Float
  | Undefined
  | List
  | Tuple
  | Range
  | Dict
  | View
  | Iterator
  | Namespace
  | Callable
  | Loop

export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** The value of an unknown name or attribute; `problem` says which. */
export class Undefined {
  readonly problem: string

  constructor(problem: string) {
    this.problem = problem
  }
}

export class Sequence {
  readonly items: readonly Value[]

  constructor(items: readonly Value[]) {
    this.items = items
  }
}
export class List extends Sequence {}
export class Tuple extends Sequence {}

export class Range extends Sequence {
  readonly start: number
  readonly stop: number
  readonly step: number

  constructor(start: number, stop: number, step: number, items: readonly number[]) {
    super(items)
    this.start = start
    this.stop = stop
    this.step = step
  }
}

type Key = string | number | null

/** In the order of insertion; 1, 1.0 and true are one key. */
export class Dict {
  readonly entries = new Map<Key, readonly [key: Value, value: Value]>()

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value)
  }

  get(key: Value): Value | undefined {
    return key instanceof Undefined ? undefined : this.entries.get(keyOf(key))?.[1]
  }

  has(key: Value): boolean {
    return !(key instanceof Undefined) && this.entries.has(keyOf(key))
  }

  set(key: Value, value: Value): void {
    const id = keyOf(key)
    this.entries.set(id, [this.entries.get(id)?.[0] ?? key, value])
  }

  keys(): Value[] {
    return Array.from(this.entries.values(), ([key]) => key)
  }
}

function keyOf(key: Value): Key {
  if (isText(key)) return plain(key)
  if (typeof key === 'boolean') return Number(key)
  if (key instanceof Float) return key.value
  if (typeof key === 'number' || key === null) return key
  if (key instanceof List || key instanceof Dict) throw fail(`unhashable type: '${typeName(key)}'`)
  throw unsupported(`a ${typeName(key)} as the key of a dict`)
}

/** The result of a dict's `keys`, `values` and `items`. */
export class View {
  readonly kind: 'dict_keys' | 'dict_values' | 'dict_items'
  readonly items: readonly Value[]

  constructor(kind: View['kind'], items: readonly Value[]) {
    this.kind = kind
    this.items = items
  }
}

/** A generator in Python: it can be read once. */
export class Iterator {
  readonly #items: readonly Value[]
  #next = 0

  constructor(items: readonly Value[]) {
    this.#items = items
  }

  next(): Value | undefined {
    return this.#items[this.#next++]
  }

  rest(): readonly Value[] {
    const start = this.#next
    this.#next = this.#items.length
    return this.#items.slice(start)
  }
}

/** The only value that a template can change. */
export class Namespace {
  readonly values = new Map<string, Value>()
}

export class Callable {
  readonly name: string
  readonly call: (run: Run, args: Args) => Value

  constructor(name: string, call: (run: Run, args: Args) => Value) {
    this.name = name
    this.call = call
  }
}

/**
 * The variable `loop`. Items are computed when they are needed, since the condition of a loop may
 * depend on what its body has done.
 */
export class Loop {
  readonly #items: Value[] = []
  readonly #next: () => Value | undefined
  index = 0

  constructor(next: () => Value | undefined) {
    this.#next = next
  }

  item(index: number): Value | undefined {
    while (this.#items.length <= index) {
      const item = this.#next()
      if (item === undefined) return undefined
      this.#items.push(item)
    }
    return this.#items[index]
  }

  get length(): number {
    while (this.item(this.#items.length) !== undefined);
    return this.#items.length
  }
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  if (isText(value)) return 'str'
  if (value === null) return 'NoneType'
  if (typeof value === 'number') return 'int'
  if (typeof value === 'boolean') return 'bool'
  if (value instanceof View) return value.kind
  if (value instanceof Callable) return 'function'
  if (value instanceof Iterator) return 'generator'
  return NAMES.find(([type]) => value instanceof type)?.[1] ?? 'object'
}

const NAMES = [
  [Float, 'float'],
  [Undefined, 'Undefined'],
  [List, 'list'],
  [Tuple, 'tuple'],
  [Range, 'range'],
  [Dict, 'dict'],
  [Namespace, 'Namespace'],
  [Loop, 'LoopContext'],
  [Text, 'str'],
] as const

/** A value as a number, true as 1; undefined if it is none. */
export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  return value instanceof Float ? value.value : undefined
}

/** `value`, or `fallback` where it is undefined; unlike with `??`, null is a value. */
export const orElse = (value: Value | undefined, fallback: Value): Value =>
  value === undefined ? fallback : value
