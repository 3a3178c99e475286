import { UserError } from '../../errors.ts'
import { own } from '../../own.ts'
import { tokenOfBytes } from '../bpe/bytes.ts'
import { splitSources } from '../bpe/split.ts'
import { readPattern } from './pattern.ts'
import { checkGrowth, type Kinds, makeStep, readSteps, type Step } from './steps.ts'

/** Cuts text into the words within which tokens are made; `isStart`: a text begins with it. */
export type PreTokenizer = (text: string, isStart: boolean) => string[]

/** The pre_tokenizer of a tokenizer.json. Throws UserError for one that is not known here. */
export function readPreTokenizer(json: unknown): PreTokenizer {
  return preTokenizerOf(readSteps(json, 'pre_tokenizer', 'pretokenizers'))
}

/** Steps one after the other; without any, a text is one word. */
export function preTokenizerOf(steps: readonly Step[]): PreTokenizer {
  const cuts = steps.map((step) => makeStep(kinds, step))
  return (text, isStart) =>
    cuts.reduce(
      (words, cut) => {
        const next = words.flatMap((word, i) => cut(word, isStart && i === 0))
        const length = next.reduce((sum, word) => sum + word.length, 0)
        checkGrowth('pre_tokenizer', text.length, length)
        return next
      },
      text === '' ? [] : [text],
    )
}

const kinds: Kinds<PreTokenizer> = {
  BertPreTokenizer: () => (text) => text.match(BERT_WORDS) ?? [],
  Whitespace: () => (text) => text.match(WORDS) ?? [],
  WhitespaceSplit: () => (text) => splitText(text, WHITE_SPACE, 'Removed'),
  Punctuation: ({ behavior }) => {
    const how = behaviorOf(behavior ?? 'Isolated')
    return (text) => splitText(text, PUNCTUATION, how)
  },
  Digits: ({ individual_digits }) => {
    const how = individual_digits === true ? 'Isolated' : 'Contiguous'
    return (text) => splitText(text, NUMERALS, how)
  },
  CharDelimiterSplit: ({ delimiter }, where) => {
    const pattern = readPattern({ String: delimiter }, where)
    return (text) => splitText(text, pattern, 'Removed')
  },
  Split: ({ pattern, behavior, invert }, where) => {
    const expression = readPattern(pattern, where)
    const how = behaviorOf(behavior)
    return (text) => splitText(text, expression, how, invert === true)
  },
  ByteLevel: ({ add_prefix_space, use_regex }) => {
    const encoder = new TextEncoder()
    return (text) => {
      const whole = add_prefix_space !== false && !text.startsWith(' ') ? ` ${text}` : text
      const words = use_regex === false ? [whole] : (whole.match(GPT2) ?? [])
      return words.map((word) => tokenOfBytes(encoder.encode(word)))
    }
  },
  Metaspace: ({ replacement = '▁', prepend_scheme, add_prefix_space, split }) => {
    const mark = String(replacement)
    const beforeMark = readPattern({ String: mark }, 'Metaspace')
    // Files from before 2023 say add_prefix_space instead.
    const scheme = prepend_scheme ?? (add_prefix_space === false ? 'never' : 'always')
    return (text, isStart) => {
      const isPrefixed = scheme === 'always' || (scheme === 'first' && isStart)
      let whole = text.replaceAll(' ', mark)
      if (isPrefixed && !whole.startsWith(mark)) whole = mark + whole
      return split === false ? [whole] : splitText(whole, beforeMark, 'MergedWithNext')
    }
  },
}

const WHITE_SPACE = /\p{White_Space}+/gu
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu
/** Words, and each punctuation mark by itself. */
const BERT_WORDS = /[\p{P}!-/:-@[-`{-~]|[^\p{P}!-/:-@[-`{-~\p{White_Space}]+/gu
const NUMERALS = /\p{N}/gu
/** Rust's `\w+|[^\w\s]+`. */
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`
const WORDS = new RegExp(String.raw`[${WORD}]+|[^${WORD}\p{White_Space}]+`, 'gu')
/** JavaScript's `\s` differs from everyone else's in two characters. */
const GPT2 = new RegExp(
  splitSources.gpt2
    .replaceAll(String.raw`[^\s`, String.raw`[^\p{White_Space}`)
    .replaceAll(String.raw`\s`, String.raw`\p{White_Space}`)
    .replaceAll(String.raw`\S`, String.raw`\P{White_Space}`),
  'gu',
)

const behaviors: Readonly<Record<string, Behavior>> = {
  removed: 'Removed',
  isolated: 'Isolated',
  mergedwithprevious: 'MergedWithPrevious',
  mergedwithnext: 'MergedWithNext',
  contiguous: 'Contiguous',
}

function behaviorOf(name: unknown): Behavior {
  const behavior = own(behaviors, String(name).toLowerCase())
  if (behavior) return behavior
  throw new UserError(
    'tokenizer.json: pre_tokenizer has the behavior ' +
      `${JSON.stringify(name)}; expected ${Object.values(behaviors).join(', ')}`,
  )
}

/** What becomes of what a pattern matches, by the names of tokenizer.json. */
export type Behavior =
  | 'Removed'
  | 'Isolated'
  | 'MergedWithPrevious'
  | 'MergedWithNext'
  | 'Contiguous'

interface Piece {
  readonly text: string
  readonly isMatch: boolean
}

/** Cuts `text` at the matches of a global `pattern`; with `invert`, at what lies between them. */
function splitText(text: string, pattern: RegExp, behavior: Behavior, invert = false): string[] {
  const pieces = piecesOf(text, pattern, invert)
  const words: string[] = []
  pieces.forEach(({ text: piece, isMatch }, i) => {
    const previous = pieces[i - 1]
    if (behavior === 'Removed' && isMatch) return
    const isJoined =
      previous &&
      ((behavior === 'Contiguous' && isMatch === previous.isMatch) ||
        (behavior === 'MergedWithPrevious' && isMatch && !previous.isMatch) ||
        (behavior === 'MergedWithNext' && !isMatch && previous.isMatch))
    if (isJoined) words.push(words.pop() + piece)
    else words.push(piece)
  })
  return words
}

function piecesOf(text: string, pattern: RegExp, invert: boolean): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  const add = (to: number, isMatch: boolean) => {
    if (to > from) pieces.push({ text: text.slice(from, to), isMatch: isMatch !== invert })
    from = to
  }
  for (const match of text.matchAll(pattern)) {
    add(match.index, false)
    add(match.index + match[0].length, true)
  }
  add(text.length, false)
  return pieces
}
