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

/** Whether a tag is of an entity (IOB, BIOES, BMES), or of one that began before. */
const isEntity = ({ tag = '' }: Word): boolean => /^[BIMELSU]-/.test(tag)
const continues = ({ tag = '' }: Word): boolean => /^[IMEL]-/.test(tag)

/** Words that have synonyms, by their index, in a random order: no stop words, as in EDA. */
function* withSynonyms(words: readonly Word[], { random, synonyms }: OperationContext) {
  const left = words.map((_, i) => i)
  while (left.length > 0) {
    const at = random.integer(left.length)
    const index = left[at] as number
    left[at] = left.at(-1) as number
    left.pop()
    const { text, tag } = words[index] as Word
    const lower = text.toLowerCase()
    if (STOP_WORDS.has(lower)) continue
    // A tag is of one word.
    const found = synonyms(lower).filter((one) => tag === undefined || !/\s/.test(one))
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

/**
 * Inserts synonyms of words of the text anywhere, with the tags of those words; of tagged words
 * none of an entity, and none into one.
 */
const insertion: Operation = ({ words, after }, context) => {
  const { random } = context
  const result = [...words]
  let left = several(context.share, words.length)
  for (const { index, synonym } of withSynonyms(words, context)) {
    if (isEntity(words[index] as Word)) continue
    let at = random.integer(result.length)
    while (at > 0 && continues(result[at] as Word)) at--
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
 * How many of two sentences or more move from the beginning to the end, up to `share` of them
 * (BART's document rotation, Lewis et al. 2020, by sentences).
 */
const rotated = (count: number, { share, random }: OperationContext): number =>
  1 + random.integer(Math.min(several(share, count), count - 1))

function rotateText(text: string, context: OperationContext): string {
  const body = text.trim()
  const starts: number[] = []
  let at = 0
  for (const sentence of splitSentences(body)) {
    // An empty line is no sentence.
    if (sentence.trim() !== '') starts.push(at + sentence.search(/\S/))
    at += sentence.length
  }
  if (starts.length < 2) return text
  const cut = starts[rotated(starts.length, context)] as number
  const [moved, rest] = [body.slice(0, cut).trimEnd(), body.slice(cut)]
  // The blank at the cut stands where the end and the beginning meet.
  const bare = (part: string) => part.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')
  const blank = body.slice(moved.length, cut) || blankBetween(bare(rest), bare(moved))
  return text.replace(body, () => rest + blank + moved)
}

const SENTENCE_END = /^[.!?。！？…]+$/u

function rotateWords(words: readonly Word[], context: OperationContext): readonly Word[] {
  const starts = [...words.keys()].filter((i) => {
    const [before, word] = [words[i - 1], words[i] as Word]
    return !before || (SENTENCE_END.test(before.text) && !continues(word))
  })
  if (starts.length < 2) return words
  const cut = starts[rotated(starts.length, context)]
  return [...words.slice(cut), ...words.slice(0, cut)]
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

/**
 * A list of tagged words varied by one operation: a tag stays with its word, and the words of an
 * entity (B-X and each I-X behind it) stay together, to be moved or left out as a whole.
 */
export function varyWords(
  name: OperationName,
  words: readonly Word[],
  context: OperationContext,
): readonly Word[] {
  if (name === 'rotation') return rotateWords(words, context)
  if (name !== 'deletion' && name !== 'swap')
    return OPERATIONS[name]({ words, after: '' }, context).words
  const units: Word[][] = []
  for (const word of words)
    if (continues(word) && units.length > 0) units.at(-1)?.push(word)
    else units.push([word])
  const numbered = units.map((_, i) => ({ text: String(i), before: '' }))
  const varied = OPERATIONS[name]({ words: numbered, after: '' }, context)
  return varied.words.flatMap(({ text }) => units[Number(text)] as Word[])
}
