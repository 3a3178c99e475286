import { codePointAt, widthOf } from './bytes.ts'
import {
  ANY,
  classify,
  classOf,
  HAN,
  LETTER,
  MARK,
  NEWLINE,
  NUMBER,
  SPACE,
} from './character-class.ts'

/**
 * Finds where the word that starts at `start` ends. `bytes` is UTF-8, valid up to `end`, `start` <
 * `end`. A scanner does by hand what its regular expression says, several times faster; the tests
 * hold the two equal.
 */
export type Scanner = (bytes: Uint8Array, start: number, end: number) => number

/** Class of the character at `at`. */
function classAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!
  return lead < 0x80 ? classOf[lead]! : wideClassAt(bytes, at)
}

function wideClassAt(bytes: Uint8Array, at: number): number {
  const codePoint = codePointAt(bytes, at)
  return classOf[codePoint]! || classify(codePoint)
}

/** End of the run of letters from `at` on. */
function letters(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      if ((classOf[lead]! & LETTER) === 0) return at
      at++
    } else {
      if ((wideClassAt(bytes, at) & LETTER) === 0) return at
      at += widthOf(lead)
    }
  }
  return at
}

/** End of the run of characters, from `at` on, with a bit of `some` and none of `none`. */
function run(bytes: Uint8Array, at: number, end: number, some: number, none: number): number {
  while (at < end) {
    const bits = classAt(bytes, at)
    if ((bits & some) === 0 || (bits & none) !== 0) return at
    at += widthOf(bytes[at]!)
  }
  return at
}

/** End of at most `most` numerals from `at` on. */
function numerals(bytes: Uint8Array, at: number, end: number, most: number, none: number): number {
  for (let count = 0; count < most && at < end; count++) {
    const bits = classAt(bytes, at)
    if ((bits & NUMBER) === 0 || (bits & none) !== 0) break
    at += widthOf(bytes[at]!)
  }
  return at
}

/** End of the English contraction ('s 't 'm 'd 'll 've 're) at the apostrophe `at`, or `at`. */
function contraction(bytes: Uint8Array, at: number, end: number, fold: number): number {
  if (at + 1 >= end) return at
  const first = bytes[at + 1]! | fold
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return at + 2
  if (at + 2 >= end) return at
  const second = bytes[at + 2]! | fold
  if (second === 0x65 && (first === 0x72 || first === 0x76)) return at + 3
  return first === 0x6c && second === 0x6c ? at + 3 : at
}

/** `\s+(?!\S)|\s+`: a run of white space leaves its last character to the word that follows. */
function whiteSpace(bytes: Uint8Array, start: number, end: number): number {
  let last = start
  let at = start
  while (at < end && (classAt(bytes, at) & SPACE) !== 0) {
    last = at
    at += widthOf(bytes[at]!)
  }
  return at === end || last === start ? at : last
}

/** `\s*[\r\n]+|\s+(?!\S)|\s+`: as above, but first everything up to the run's last line break. */
function lines(bytes: Uint8Array, start: number, end: number): number {
  let lineEnd = start
  let last = start
  let at = start
  while (at < end) {
    const bits = classAt(bytes, at)
    if ((bits & SPACE) === 0) break
    last = at
    at += widthOf(bytes[at]!)
    if ((bits & NEWLINE) !== 0) lineEnd = at
  }
  if (lineEnd !== start) return lineEnd
  return at === end || last === start ? at : last
}

const APOSTROPHE = 0x27
const BLANK = 0x20
const WORDLESS = LETTER | NUMBER | SPACE

/** GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` */
export const scanGpt2: Scanner = (bytes, start, end) => {
  const lead = bytes[start]!
  if (lead === APOSTROPHE) {
    const after = contraction(bytes, start, end, 0)
    if (after !== start) return after
  }
  const at = lead === BLANK && start + 1 < end ? start + 1 : start
  const bits = classAt(bytes, at)
  if ((bits & LETTER) !== 0) return letters(bytes, at, end)
  if ((bits & NUMBER) !== 0) return run(bytes, at, end, NUMBER, 0)
  if ((bits & SPACE) === 0) return run(bytes, at, end, ANY, WORDLESS)
  return whiteSpace(bytes, start, end)
}

/**
 * cl100k and its descendants: contractions in any case, letters with one leading character that is
 * neither letter, number nor line break, at most `numbers` numerals, punctuation with the line
 * breaks after it. `tail`: white space that ends the text is one word (`\s+$` comes first).
 */
const scanCl100kLike =
  (numbers: number, tail: boolean): Scanner =>
  (bytes, start, end) => {
    const lead = bytes[start]!
    if (lead === APOSTROPHE) {
      const after = contraction(bytes, start, end, 0x20)
      if (after !== start) return after
    }
    const bits = classAt(bytes, start)
    if ((bits & LETTER) !== 0) return letters(bytes, start, end)
    if ((bits & NUMBER) !== 0) return numerals(bytes, start, end, numbers, 0)
    const second = start + widthOf(lead)
    const next = second < end ? classAt(bytes, second) : SPACE
    if ((bits & NEWLINE) === 0 && (next & LETTER) !== 0) return letters(bytes, second, end)
    const isPunctuation = (bits & SPACE) === 0
    if (isPunctuation || (lead === BLANK && (next & WORDLESS) === 0)) {
      const after = run(bytes, isPunctuation ? start : second, end, ANY, WORDLESS)
      return run(bytes, after, end, NEWLINE, 0)
    }
    if (tail && run(bytes, start, end, SPACE, 0) === end) return end
    return lines(bytes, start, end)
  }

/** OpenAI's cl100k_base. */
export const scanCl100k = scanCl100kLike(3, true)
/** Llama 3: cl100k with white space at the end of the text treated as anywhere else. */
export const scanLlama3 = scanCl100kLike(3, false)
/** Qwen 2 to 3: Llama 3 with every numeral by itself. */
export const scanQwen2 = scanCl100kLike(1, false)

/** Han runs apart from everything; words of other scripts as in GPT-2, numerals by threes. */
export const scanChinese: Scanner = (bytes, start, end) => {
  const lead = bytes[start]!
  if (lead === APOSTROPHE) {
    const after = contraction(bytes, start, end, 0x20)
    if (after !== start) return after
  }
  let bits = classAt(bytes, start)
  if ((bits & HAN) !== 0) return run(bytes, start, end, HAN, 0)
  let at = start
  if (lead === BLANK && start + 1 < end) {
    const next = classAt(bytes, start + 1)
    if ((next & (HAN | NUMBER)) === 0) {
      at = start + 1
      bits = next
    }
  }
  if ((bits & (LETTER | MARK)) !== 0) return run(bytes, at, end, LETTER | MARK, HAN)
  if ((bits & NUMBER) !== 0) return numerals(bytes, at, end, 3, HAN)
  if ((bits & SPACE) === 0) return run(bytes, at, end, ANY, WORDLESS | MARK | HAN)
  return lines(bytes, start, end)
}
