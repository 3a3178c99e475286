import { UserError } from '../../errors.ts'
import { Merges } from '../bpe/merges.ts'
import { splitAt } from '../cut.ts'
import { describeCharacter } from '../tokenizer.ts'
import type { Model, Vocabulary } from './model.ts'

export interface CharacterBpeOptions {
  /** Two ids and that of what they make, in the order of their ranks. */
  readonly merges: readonly (readonly [number, number, number])[]
  /** What a character is that has no token; without it, texts with such a character are refused. */
  readonly unkId?: number | undefined
  /** Whether unknown characters next to each other are one token. */
  readonly fusesUnknown: boolean
  /** Ids of the bytes, which then spell a character that has no token. */
  readonly bytes?: readonly number[] | undefined
  /** A word that is a token as it stands is that token, whatever the merges give. */
  readonly ignoresMerges: boolean
  /** By rank: merges that are equal have the same, see `Merges.setLevels`. */
  readonly levels?: Int32Array | undefined
  /** Matches what is taken as it stands, and not merged. */
  readonly symbols?: RegExp | undefined
  /** Marks a character that does not begin a word; one that ends a word. */
  readonly prefix: string
  readonly suffix: string
}

/** Byte-pair encoding over characters (Sennrich et al. 2016), as SentencePiece and CLIP have it. */
export class CharacterBpe implements Model {
  readonly #vocabulary: Vocabulary
  readonly #options: CharacterBpeOptions
  readonly #merges: Merges
  readonly #encoder = new TextEncoder()

  constructor(vocabulary: Vocabulary, options: CharacterBpeOptions) {
    this.#vocabulary = vocabulary
    this.#options = options
    this.#merges = new Merges(options.merges.length)
    for (const [left, right, merged] of options.merges) this.#merges.add(left, right, merged)
    if (options.levels) this.#merges.setLevels(options.levels)
  }

  encode(word: string, ids: number[]): void {
    const whole = this.#options.ignoresMerges ? this.#vocabulary.get(word) : undefined
    if (whole !== undefined) {
      ids.push(whole)
      return
    }
    const symbols: number[] = []
    for (const { text, isToken } of splitAt(word, this.#options.symbols)) {
      if (isToken) symbols.push(this.#vocabulary.get(text) as number)
      else this.#spell(text, symbols)
    }
    const room = this.#merges.room(symbols.length)
    room.set(symbols)
    const count = this.#merges.apply(symbols.length)
    for (let i = 0; i < count; i++) ids.push(this.#merges.ids[i] as number)
  }

  /** Appends one id for each character, or several bytes. */
  #spell(word: string, symbols: number[]): void {
    const { unkId, fusesUnknown, bytes, prefix, suffix } = this.#options
    let isUnknown = false
    for (let at = 0; at < word.length; ) {
      const width = (word.codePointAt(at) as number) > 0xffff ? 2 : 1
      const character = word.slice(at, at + width)
      const before = at === 0 ? '' : prefix
      at += width
      const spelled = before + character + (at === word.length ? suffix : '')
      const id = this.#vocabulary.get(spelled)
      if (id !== undefined) symbols.push(id)
      else if (bytes) {
        for (const byte of this.#encoder.encode(spelled)) symbols.push(bytes[byte] as number)
      } else if (unkId === undefined) throw unspelled(character)
      else if (!(isUnknown && fusesUnknown)) symbols.push(unkId)
      isUnknown = id === undefined
    }
  }
}

const unspelled = (character: string): UserError =>
  new UserError(
    `the tokenizer has no token for ${describeCharacter(character)}, and none for what is ` +
      'unknown; leave the character out, or use another tokenizer',
  )
