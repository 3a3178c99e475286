import { UserError } from '../../errors.ts'
import { quote } from './bytes.ts'
import { type GgufValue, isNumberType } from './values.ts'

/**
 * A file's metadata, in its order. A getter throws a UserError where its key is missing (and there
 * is no `fallback`), or holds something else.
 */
export class GgufMetadata extends Map<string, GgufValue> {
  readonly #file: string

  /** `file` names the file in errors. */
  constructor(values: Iterable<readonly [string, GgufValue]> = [], file = 'model.gguf') {
    super(values)
    this.#file = file
  }

  /** A number of any type that a number can hold exactly. */
  number(key: string, fallback?: number): number {
    return this.#read(key, 'a number', ({ value }) => typeof value === 'number', fallback)
  }

  string(key: string, fallback?: string): string {
    return this.#read(key, 'a string', ({ type }) => type === 'string', fallback)
  }

  boolean(key: string, fallback?: boolean): boolean {
    return this.#read(key, 'a bool', ({ type }) => type === 'bool', fallback)
  }

  numbers(key: string, fallback?: ArrayLike<number>): ArrayLike<number> {
    const isNumbers = (found: GgufValue) =>
      found.type === 'array' &&
      isNumberType(found.items) &&
      !(Array.isArray(found.value) && found.value.some((item) => typeof item === 'bigint'))
    return this.#read(key, 'an array of numbers', isNumbers, fallback)
  }

  strings(key: string, fallback?: readonly string[]): readonly string[] {
    const isStrings = (found: GgufValue) => found.type === 'array' && found.items === 'string'
    return this.#read(key, 'an array of strings', isStrings, fallback)
  }

  /** `fits` tells the values whose TypeScript type is T. */
  #read<T>(key: string, expected: string, fits: (found: GgufValue) => boolean, fallback?: T): T {
    const found = this.get(key)
    if (!found && fallback !== undefined) return fallback
    if (found && fits(found)) return found.value as T
    const given = found?.type === 'array' ? `an array of ${found.items}` : found?.type
    const value = typeof found?.value === 'bigint' ? ` ${found.value}` : ''
    const problem = given ? `is ${given}${value}` : 'is missing'
    throw new UserError(`${this.#file}: metadata ${quote(key)} ${problem}; expected ${expected}`)
  }
}
