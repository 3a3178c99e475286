import type { Value } from './values.ts'

/** Variables, and those of outer blocks. A block never changes the variables of another. */
export class Scope {
  readonly #outer: Scope | undefined
  readonly #values: Map<string, Value>
  readonly depth: number
  readonly isMacro: boolean

  constructor(
    outer: Scope | undefined,
    values: Iterable<readonly [string, Value]> = [],
    { isMacro = outer?.isMacro ?? false }: { isMacro?: boolean } = {},
  ) {
    this.#outer = outer
    this.#values = new Map(values)
    this.depth = outer ? outer.depth + 1 : 1
    this.isMacro = isMacro
  }

  get(name: string): Value | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer) {
      const value = scope.#values.get(name)
      if (value !== undefined) return value
    }
    return undefined
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value)
  }
}
