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

  /** Whether the token `ahead` of this one is this word or operator. */
  is(text: string, ahead = 0): boolean {
    const token = this.#tokens[this.#index + ahead]
    return token?.text === text && (token.kind === 'name' || token.kind === 'operator')
  }

  skip(text: string): boolean {
    const found = this.is(text)
    if (found) this.#index++
    return found
  }

  expect(text: string): void {
    if (!this.skip(text)) throw this.unexpected(`expected ${text}`)
  }

  next(): Token {
    const token = this.current
    if (!token) throw this.unexpected('')
    this.#index++
    return token
  }

  name(): string {
    if (this.current?.kind !== 'name') throw this.unexpected('expected name')
    return this.next().text
  }

  /** Passes the end of a `block` or `variable` tag. */
  end(tag: string): void {
    const token = this.current
    if (token?.kind !== 'end' || token.text !== tag) throw this.unexpected(`expected ${tag}`)
    this.#index++
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
