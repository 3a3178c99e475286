import { UserError } from '../../errors.ts'

/** Reads fields of config.json with their types; each refuses what does not fit by name. */
export interface FieldReader {
  number(name: string, fallback?: number): number
  /** A whole number of 1 or more. */
  count(name: string, fallback?: number): number
  /** A number of layers, of which a list is made before all sizes are checked. */
  layers(name: string, fallback?: number): number
  /** A whole number of 0 or more. */
  index(name: string, fallback?: number): number
  /** A number above 0. */
  positive(name: string, fallback?: number): number
  /** A number from 0 to below 1, such as a rate of dropout. */
  rate(name: string, fallback?: number): number
  string(name: string, fallback?: string): string
  boolean(name: string, fallback?: boolean): boolean
  /** Undefined where the field is null, or missing and without a fallback. */
  optionalCount(name: string, fallback?: number): number | undefined
  optionalPositive(name: string, fallback?: number): number | undefined
  object(name: string): Record<string, unknown> | undefined
  list(name: string): readonly unknown[] | undefined
  has(name: string): boolean
  /** One of these words, each with what it stands for. */
  word<T>(name: string, words: Readonly<Record<string, T>>, fallback?: string): T
  /** Refuses a value other than these: what the field asks for is not supported. */
  only(name: string, ...values: unknown[]): void
  /** A field that changes nothing here. */
  ignore(...names: string[]): void
  refuse(name: string, expected: string): UserError
}

/** Far more than any model has. */
export const MOST_LAYERS = 1024

type Range = readonly [expected: string, fits: (value: number) => boolean]

const COUNT: Range = ['a whole number of 1 or more', (x) => Number.isSafeInteger(x) && x >= 1]
const LAYERS: Range = [
  `a whole number from 1 to ${MOST_LAYERS}`,
  (x) => COUNT[1](x) && x <= MOST_LAYERS,
]
const INDEX: Range = ['a whole number of 0 or more', (x) => Number.isSafeInteger(x) && x >= 0]
const POSITIVE: Range = ['a number above 0', (x) => Number.isFinite(x) && x > 0]
const RATE: Range = ['a number from 0 to below 1', (x) => x >= 0 && x < 1]

/** `known` gathers the names that were asked for; `where`: what holds the fields, for messages. */
export function fieldReader(
  fields: Readonly<Record<string, unknown>>,
  known: Set<string>,
  where = '',
): FieldReader {
  const refuse = (name: string, expected: string) =>
    new UserError(
      `config.json: ${where}${name} is ${JSON.stringify(fields[name]) ?? 'missing'}; ${expected}`,
    )
  const value = (name: string): unknown => {
    known.add(name)
    return fields[name] ?? undefined
  }
  function read<T>(name: string, type: string, fallback: T | undefined): T {
    const found = value(name) ?? fallback
    const fits = typeof found === type && (type !== 'number' || Number.isFinite(found))
    if (!fits) throw refuse(name, `it must be a ${type}`)
    return found as T
  }
  const ranged =
    ([expected, fits]: Range) =>
    (name: string, fallback?: number): number => {
      const found = read<number>(name, 'number', fallback)
      if (fields[name] != null && !fits(found)) throw refuse(name, `it must be ${expected}`)
      return found
    }
  const optional =
    (one: (name: string) => number) =>
    (name: string, fallback?: number): number | undefined => {
      if (value(name) !== undefined) return one(name)
      return name in fields ? undefined : fallback
    }
  return {
    refuse,
    number: (name, fallback) => read(name, 'number', fallback),
    count: ranged(COUNT),
    layers: ranged(LAYERS),
    index: ranged(INDEX),
    positive: ranged(POSITIVE),
    rate: ranged(RATE),
    string: (name, fallback) => read(name, 'string', fallback),
    boolean: (name, fallback) => read(name, 'boolean', fallback),
    optionalCount: optional(ranged(COUNT)),
    optionalPositive: optional(ranged(POSITIVE)),
    object: (name) => {
      const found = value(name)
      if (found === undefined) return undefined
      if (typeof found !== 'object' || Array.isArray(found))
        throw refuse(name, 'it must be an object')
      return found as Record<string, unknown>
    },
    list: (name) => {
      const found = value(name)
      if (found === undefined) return undefined
      if (!Array.isArray(found)) throw refuse(name, 'it must be a list')
      return found
    },
    has: (name) => value(name) !== undefined,
    word: (name, words, fallback) => {
      const word = read(name, 'string', fallback)
      if (Object.hasOwn(words, word)) return words[word] as (typeof words)[string]
      throw refuse(name, `supported is ${Object.keys(words).join(', ')}`)
    },
    only: (name, ...values) => {
      const found = value(name)
      if (found === undefined || values.includes(found)) return
      const list = values.map((v) => JSON.stringify(v)).join(' or ')
      throw refuse(name, `supported is ${list}`)
    },
    ignore: (...names) => {
      for (const name of names) known.add(name)
    },
  }
}

/** Two fields that should say the same. */
export function contradiction(
  [name, value]: readonly [string, unknown],
  [other, otherValue]: readonly [string, unknown],
): UserError {
  return new UserError(
    `config.json: ${name} is ${JSON.stringify(value)}, but ${other} is ` +
      `${JSON.stringify(otherValue)}; correct one of them`,
  )
}

/**
 * Fields under the names that an architecture reads: `others` has what else they are called. Throws
 * UserError where both are there and differ.
 */
export function canonicalFields(
  fields: Readonly<Record<string, unknown>>,
  others: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  const result = { ...fields }
  for (const [other, name] of Object.entries(others)) {
    const value = fields[other] ?? undefined
    const own = result[name] ?? value
    if (value !== undefined && own !== value) throw contradiction([name, own], [other, value])
    if (own !== undefined) result[name] = own
    delete result[other]
  }
  return result
}
