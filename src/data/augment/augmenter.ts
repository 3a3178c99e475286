import { Random } from '../../random.ts'
import {
  OPERATION_NAMES,
  type OperationName,
  type Synonyms,
  varyText,
  varyWords,
} from './operations.ts'

/** The share of words (of sentences, of characters) that each operation changes. */
export type Shares = Readonly<Partial<Record<OperationName, number | undefined>>>

export interface TaggedWord {
  readonly word: string
  readonly tag: string
}

/** One way to vary the texts of a record. */
export interface Variation {
  text(text: string): string
  /** Words with their tags, which stay with them. */
  words(words: readonly TaggedWord[]): TaggedWord[]
}

export interface Augmenter {
  /**
   * What happens to the record that is drawn as number `draw`: nothing (undefined), or one of the
   * operations, all equally likely.
   */
  draw(draw: number): Variation | undefined
  /** One of the operations, never nothing. */
  always(draw: number): Variation
}

export interface AugmenterOptions {
  seed: number
  /** For replacement and insertion, which change nothing without them. */
  synonyms?: Synonyms | undefined
}

/**
 * Varies texts as EDA does (Easy Data Augmentation, Wei & Zou 2019): a text stays as it is, or one
 * operation varies it. A share of 0.1 leaves out each word with probability 0.1 (deletion), or
 * changes a tenth of the words, sentences or characters, and at least one.
 */
export function createAugmenter(
  shares: Shares,
  { seed, synonyms = () => [] }: AugmenterOptions,
): Augmenter {
  const named = OPERATION_NAMES.filter((name) => shares[name] !== undefined)
  const variation = (name: OperationName, random: Random): Variation => {
    const context = { share: shares[name] as number, random, synonyms }
    return {
      text: (text) => varyText(name, text, context),
      words: (words) => {
        const all = words.map(({ word, tag }) => ({ text: word, tag, before: '' }))
        return varyWords(name, all, context).map(({ text, tag = '' }) => ({ word: text, tag }))
      },
    }
  }
  const from = (choices: readonly (OperationName | undefined)[], draw: number) => {
    const random = Random.of(seed, draw)
    const name = choices[random.integer(choices.length)]
    return name && variation(name, random)
  }
  return {
    draw: (draw) => from([undefined, ...named], draw),
    always: (draw) => from(named, draw) as Variation,
  }
}

export interface AugmentTextOptions {
  /** For instance `{ deletion: 0.1, swap: 0.1 }`: one of them is drawn. */
  augment: Shares
  /** Synonyms of words in lower case. */
  synonyms?: Readonly<Record<string, readonly string[]>> | undefined
  /** The same seed gives the same text. */
  seed?: number | undefined
}

/**
 * A text varied by one operation; see `createAugmenter`. Not changed where the operation finds
 * nothing to change, such as a second sentence to rotate to.
 *
 * @example
 * augmentText('The cat sat on the mat.', { augment: { swap: 0.1 }, seed: 2 })
 * augmentText('今天天气很好。', { augment: { replacement: 0.1 }, synonyms: { 今天: ['今日'] } })
 */
export function augmentText(
  text: string,
  { augment, synonyms = {}, seed = 1 }: AugmentTextOptions,
): string {
  const of = new Map(Object.entries(synonyms))
  const augmenter = createAugmenter(augment, { seed, synonyms: (word) => of.get(word) ?? [] })
  return augmenter.always(0)?.text(text) ?? text
}
