import { UserError } from '../../errors.ts'
import { quote } from './bytes.ts'
import { type GgufValue, isNumberType } from './values.ts'

/**
 * A file's metadata, in its order. A getter throws a UserError where its key is missing (and there
 * is no value to return instead), or holds something else.
 */
export class GgufMetadata extends Map<string, GgufValue> {
  readonly #file: string

  /** `file` names the file in errors. */
  constructor(values: Iterable<readonly [string, GgufValue]> = [], file = 'model.gguf') {
    super(values)
    this.#file = file
  }

  /** A number of any type that a number can hold exactly. */
  number(key: string, otherwise?: number): number {
    const found = this.get(key)
    if (!found && otherwise !== undefined) return otherwise
    if (typeof found?.value !== 'number') throw this.#fault(key, 'a number')
    return found.value
  }

  string(key: string, otherwise?: string): string {
    const found = this.get(key)
    if (!found && otherwise !== undefined) return otherwise
    if (found?.type !== 'string') throw this.#fault(key, 'a string')
    return found.value
  }

  boolean(key: string, otherwise?: boolean): boolean {
    const found = this.get(key)
    if (!found && otherwise !== undefined) return otherwise
    if (found?.type !== 'bool') throw this.#fault(key, 'a bool')
    return found.value
  }

  numbers(key: string, otherwise?: ArrayLike<number>): ArrayLike<number> {
    const found = this.get(key)
    if (!found && otherwise !== undefined) return otherwise
    const numeric = found?.type === 'array' && isNumberType(found.items)
    const value = numeric ? (found.value as ArrayLike<number | bigint>) : undefined
    if (!value || (Array.isArray(value) && value.some((item) => typeof item === 'bigint'))) {
      throw this.#fault(key, 'an array of numbers')
    }
    return value as ArrayLike<number>
  }

  strings(key: string, otherwise?: readonly string[]): readonly string[] {
    const found = this.get(key)
    if (!found && otherwise !== undefined) return otherwise
    if (found?.type !== 'array' || found.items !== 'string') {
      throw this.#fault(key, 'an array of strings')
    }
    return found.value
  }

  #fault(key: string, expected: string): UserError {
    const found = this.get(key)
    const given = found?.type === 'array' ? `an array of ${found.items}` : found?.type
    const value = typeof found?.value === 'bigint' ? ` ${found.value}` : ''
    const problem = given ? `is ${given}${value}` : 'is missing'
    return new UserError(`${this.#file}: metadata ${quote(key)} ${problem}; expected ${expected}`)
  }
}
