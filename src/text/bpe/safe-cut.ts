import { classify, classOf, HAN, LETTER, MARK } from './character-class.ts'

/**
 * The last place in `text`, after `from` and before `to`, where every split pattern has a word
 * boundary whatever stands around it: between a letter and something that is neither letter,
 * mark nor ideograph. Both sides can then be split on their own. -1 if there is none.
 */
export function safeCut(text: string, from: number, to: number): number {
  for (let at = to - 1; at > from; at--) {
    const after = text.charCodeAt(at)
    if (isSurrogate(after) || (bitsOf(after) & (LETTER | MARK | HAN)) !== 0) continue
    if ((bitsOf(text.charCodeAt(at - 1)) & LETTER) !== 0) return at
  }
  return -1
}

const isSurrogate = (code: number): boolean => (code & 0xf800) === 0xd800
const bitsOf = (code: number): number => classOf[code]! || classify(code)
