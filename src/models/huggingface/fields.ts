import { UserError } from '../../errors.ts'

/** Reads fields of config.json with their types; each refuses what does not fit by name. */
export interface FieldReader {
  number(name: string, fallback?: number): number
  string(name: string, fallback?: string): string
  boolean(name: string, fallback?: boolean): boolean
  /** Undefined where the field is null, or missing and without a fallback. */
  optionalNumber(name: string, fallback?: number): number | undefined
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

/** `known` gathers the names that were asked for. */
export function fieldReader(
  fields: Readonly<Record<string, unknown>>,
  known: Set<string>,
): FieldReader {
  const refuse = (name: string, expected: string) =>
    new UserError(
      `config.json: ${name} is ${JSON.stringify(fields[name]) ?? 'missing'}; ${expected}`,
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
  return {
    refuse,
    number: (name, fallback) => read(name, 'number', fallback),
    string: (name, fallback) => read(name, 'string', fallback),
    boolean: (name, fallback) => read(name, 'boolean', fallback),
    optionalNumber: (name, fallback) => {
      if (value(name) !== undefined) return read<number>(name, 'number', undefined)
      return name in fields ? undefined : fallback
    },
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
