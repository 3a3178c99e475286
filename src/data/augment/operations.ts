import type { Random } from '../../random.ts'
import { addNoise } from './noise.ts'
import { STOP_WORDS } from './stop-words.ts'
import {
  blankBetween,
  joinWords,
  splitSentences,
  splitWords,
  type Word,
  type Words,
} from './words.ts'

/** Words of the same meaning; none where it knows of none. */
export type Synonyms = (word: string) => readonly string[]

/** What an operation works with. */
export interface OperationContext {
  /** Share of the words, sentences or characters that change. */
  share: number
  random: Random
  synonyms: Synonyms
}

/** A way to vary words; what cannot be varied is returned as it is. */
export type Operation = (words: Words, context: OperationContext) => Words

/** At least one of them, as in EDA: `max(1, share * count)`, rounded down. */
const several = (share: number, count: number): number => Math.max(1, Math.floor(share * count))

/** Leaves out each word with probability `share`, but never all: one stays at least. */
const deletion: Operation = ({ words, after }, { share, random }) => {
  const kept = words.map(() => random.uniform() >= share)
  if (!kept.includes(true)) kept[random.integer(words.length)] = true
  const result: Word[] = []
  /** Of words that were left out. */
  let before = ''
  const append = (next: string) => {
    // The blank before a word goes with it; at the beginning, and of a new line, the one after.
    const trimmed = before.replace(/[^\S\n]+$/, '')
    const isFirst = result.length === 0 || trimmed.endsWith('\n')
    return trimmed + (isFirst ? next.replace(/^[^\S\n]+/, '') : next)
  }
  let isAfterGap = false
  for (const [i, word] of words.entries()) {
    before = isAfterGap ? append(word.before) : word.before
    isAfterGap = !kept[i]
    if (!isAfterGap) result.push({ ...word, before })
  }
  return { words: result, after: isAfterGap ? append(after) : after }
}

/** Exchanges two words, as many times as `share` of the words; marks and blanks stay in place. */
const swap: Operation = ({ words, after }, { share, random }) => {
  if (words.length < 2) return { words, after }
  const result = [...words]
  for (let n = several(share, words.length); n > 0; n--) {
    const i = random.integer(result.length)
    const j = (i + 1 + random.integer(result.length - 1)) % result.length
    const [a, b] = [result[i] as Word, result[j] as Word]
    result[i] = { ...b, before: a.before }
    result[j] = { ...a, before: b.before }
  }
  return { words: result, after }
}

/** Words that have synonyms, by their index, in a random order: no stop words, as in EDA. */
function* withSynonyms(words: readonly Word[], { random, synonyms }: OperationContext) {
  const left = words.map((_, i) => i)
  while (left.length > 0) {
    const at = random.integer(left.length)
    const index = left[at] as number
    left[at] = left.at(-1) as number
    left.pop()
    const { text } = words[index] as Word
    const lower = text.toLowerCase()
    if (STOP_WORDS.has(lower)) continue
    const found = synonyms(lower)
    if (found.length === 0) continue
    yield { index, synonym: inCaseOf(text, found[random.integer(found.length)] as string) }
  }
}

/** `synonym` as `word` is written: Movie -> Film. */
const inCaseOf = (word: string, synonym: string): string =>
  /^\p{Lu}/u.test(word) ? synonym.replace(/^./u, (first) => first.toUpperCase()) : synonym

/** Replaces words by synonyms. */
const replacement: Operation = ({ words, after }, context) => {
  const result = [...words]
  let left = several(context.share, words.length)
  for (const { index, synonym } of withSynonyms(words, context)) {
    result[index] = { ...(words[index] as Word), text: synonym }
    if (--left === 0) break
  }
  return { words: result, after }
}

/** Inserts synonyms of words of the text anywhere, with the tags of those words. */
const insertion: Operation = ({ words, after }, context) => {
  const { random } = context
  const result = [...words]
  let left = several(context.share, words.length)
  for (const { index, synonym } of withSynonyms(words, context)) {
    const at = random.integer(result.length)
    const next = result[at] as Word
    const inserted = { ...(words[index] as Word), text: synonym, before: next.before }
    result.splice(at, 1, inserted, { ...next, before: '' })
    if (--left === 0) break
  }
  return { words: result, after }
}

/** Changes characters of words: see `addNoise`. */
const noise: Operation = ({ words, after }, { share, random }) => {
  const texts = addNoise(
    words.map(({ text }) => text),
    { share, random },
  )
  return { words: words.map((word, i) => ({ ...word, text: texts[i] as string })), after }
}

/**
 * Moves sentences from the beginning to the end, up to `share` of them (BART's document rotation,
 * Lewis et al. 2020, by sentences).
 */
function rotate<T>(sentences: readonly T[], { share, random }: OperationContext): T[] {
  if (sentences.length < 2) return [...sentences]
  const most = Math.min(several(share, sentences.length), sentences.length - 1)
  const first = 1 + random.integer(most)
  return [...sentences.slice(first), ...sentences.slice(0, first)]
}

function rotateText(text: string, context: OperationContext): string {
  const sentences = splitSentences(text).map((sentence) => {
    const end = sentence.trimEnd()
    return { end, blank: sentence.slice(end.length) }
  })
  const rotated = rotate(sentences, context)
  // Blanks stay in place: the last sentence has none.
  return rotated.map(({ end }, i) => end + sentences[i]?.blank).join('')
}

const SENTENCE_END = /^[.!?。！？…]+$/u

function rotateWords({ words, after }: Words, context: OperationContext): Words {
  const sentences: Word[][] = [[]]
  for (const word of words) {
    sentences.at(-1)?.push(word)
    if (SENTENCE_END.test(word.text)) sentences.push([])
  }
  const whole = sentences.filter((sentence) => sentence.length > 0)
  return { words: rotate(whole, context).flat(), after }
}

const OPERATIONS = { deletion, swap, replacement, insertion, noise }

/** Names of the operations, in the order of the documentation. */
export const OPERATION_NAMES = [
  'deletion',
  'swap',
  'replacement',
  'insertion',
  'rotation',
  'noise',
] as const

export type OperationName = (typeof OPERATION_NAMES)[number]

/** `text` varied by one operation. */
export function varyText(name: OperationName, text: string, context: OperationContext): string {
  if (name === 'rotation') return rotateText(text, context)
  const words = splitWords(text)
  return words.words.length === 0 ? text : joinWords(spaced(OPERATIONS[name](words, context)))
}

/** Words that came to stand side by side, with a blank between them where they need one. */
const spaced = ({ words, after }: Words): Words => ({
  words: words.map((word, i) => {
    const last = words[i - 1]?.text ?? ''
    return word.before === '' ? { ...word, before: blankBetween(last, word.text) } : word
  }),
  after,
})

/** A list of tagged words varied by one operation: a tag stays with its word. */
export function varyWords(
  name: OperationName,
  words: readonly Word[],
  context: OperationContext,
): readonly Word[] {
  const operation = name === 'rotation' ? rotateWords : OPERATIONS[name]
  return operation({ words, after: '' }, context).words
}
