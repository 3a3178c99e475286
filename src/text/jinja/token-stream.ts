import { fail } from './fail.ts'
import type { Token } from './lexer.ts'

/** Levels of expressions and blocks inside each other. */
const DEPTH = 200

/** Reads tokens one after the other. */
export class TokenStream {
  readonly #tokens: readonly Token[]
  #index = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get current(): Token | undefined {
    return this.#tokens[this.#index]
  }

  get line(): number {
    return (this.current ?? this.#tokens.at(-1))?.line ?? 1
  }

  /** Whether the token `ahead` of this one is this name or operator. */
  is(kind: 'name' | 'operator', text: string, ahead = 0): boolean {
    const token = this.#tokens[this.#index + ahead]
    return token?.kind === kind && token.text === text
  }

  skip(kind: 'name' | 'operator', text: string): boolean {
    const found = this.is(kind, text)
    if (found) this.#index++
    return found
  }

  next(): Token {
    const token = this.current
    if (!token) throw this.unexpected('')
    this.#index++
    return token
  }

  expect(kind: Token['kind'], text?: string): Token {
    const token = this.current
    if (token?.kind !== kind || (text !== undefined && token.text !== text))
      throw this.unexpected(`expected ${text ?? kind}`)
    this.#index++
    return token
  }

  unexpected(expected: string): Error {
    const { current } = this
    if (!current) return fail('it ends too early: a bracket or an end tag is missing')
    const found = current.kind === 'end' ? 'the end of a tag' : JSON.stringify(current.text)
    return fail(`line ${current.line}: unexpected ${found}${expected && `; ${expected}`}`)
  }

  nested<T>(parse: () => T): T {
    if (++this.#depth > DEPTH)
      throw fail(`line ${this.line}: it goes more than ${DEPTH} levels deep`)
    try {
      return parse()
    } finally {
      this.#depth--
    }
  }
}
