/** Scripts written without blanks, in which a character counts as a word. */
const CHARACTER = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

/** Whether a text has Chinese characters. */
export const hasHan = (text: string): boolean => /\p{Script=Han}/u.test(text)

/**
 * Words of a text as perplexity counts them: what white space separates, and each Chinese or
 * Japanese character. `before`: the text that comes before; a word that it began is not counted.
 */
export function countWords(text: string, before = ''): number {
  let isInside = before !== '' && !/\s$/.test(before) && !CHARACTER.test(before.slice(-1))
  let words = 0
  for (const character of text) {
    if (CHARACTER.test(character)) {
      words++
      isInside = false
    } else if (/\s/.test(character)) isInside = false
    else if (!isInside) {
      words++
      isInside = true
    }
  }
  return words
}
