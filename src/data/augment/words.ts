/** A word of a text, or of a list of words. */
export interface Word {
  readonly text: string
  /** Blanks and punctuation between it and the word before. */
  readonly before: string
  /** Of tagged words. */
  readonly tag?: string | undefined
}

/** A text as its words: all of `before` and `text`, then `after`, is the text again. */
export interface Words {
  readonly words: readonly Word[]
  readonly after: string
}

const WORDS = new Intl.Segmenter('und', { granularity: 'word' })
const SENTENCES = new Intl.Segmenter('und', { granularity: 'sentence' })
const GRAPHEMES = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** Latin letters, digits and Chinese characters, none of which joins with the one before. */
const SIMPLE = /^[\w\u00c0-\u02af\u4e00-\u9fff]*$/

/** Characters as readers see them (Unicode TR 29): emoji and accents are not cut. */
export const splitGraphemes = (text: string): string[] =>
  SIMPLE.test(text) ? text.split('') : Array.from(GRAPHEMES.segment(text), ({ segment }) => segment)

/**
 * Words of any language; those of Chinese, Japanese and Thai, which have no blanks between them, by
 * dictionary.
 */
export function splitWords(text: string): Words {
  const words: Word[] = []
  let before = ''
  for (const part of shortParts(text))
    for (const { segment, isWordLike } of WORDS.segment(part)) {
      if (!isWordLike) before += segment
      else {
        words.push({ before, text: segment })
        before = ''
      }
    }
  return { words, after: before }
}

export const joinWords = ({ words, after }: Words): string =>
  words.reduce((text, word) => text + word.before + word.text, '') + after

/** Each with the blanks that follow it. */
export const splitSentences = (text: string): string[] =>
  Array.from(SENTENCES.segment(text), ({ segment }) => segment)

/** UTF-16 units of a part that is segmented at once. */
const PART = 2000

/** Sentences, and parts of those that are long: words of one huge string need gigabytes of heap. */
function* shortParts(text: string): Generator<string> {
  for (const sentence of text.length <= PART ? [text] : splitSentences(text)) {
    let rest = sentence
    while (rest.length > PART) {
      const mark = rest.slice(0, PART).search(/[\s\p{P}][^\s\p{P}]*$/u)
      const near = mark > 0 ? mark + 1 : PART
      // Not inside a character, even where no word ends.
      const cut = GRAPHEMES.segment(rest.slice(0, 2 * PART)).containing(near)?.index || near
      yield rest.slice(0, cut)
      rest = rest.slice(cut)
    }
    yield rest
  }
}

/** Scripts that are written without blanks between words. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Mymr}]/u
const LETTER = /[\p{L}\p{N}]/u

/** What stands between two texts that come to stand side by side: a blank, if both need one. */
export function blankBetween(left: string, right: string): '' | ' ' {
  const [last = '', first = ''] = [[...left].at(-1), [...right][0]]
  const isSpaced = (character: string) => LETTER.test(character) && !UNSPACED.test(character)
  return isSpaced(last) && isSpaced(first) ? ' ' : ''
}
