import { countNgrams, countShared, fScore } from './ngrams.ts'

/** ASCII punctuation, part of which Unicode classes as symbols, and all Unicode punctuation. */
const MARKS = /[!-/:-@[-`{-~]|\p{P}/gu
const ARTICLES = /(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu

/**
 * An answer's tokens as SQuAD compares them (Rajpurkar et al. 2016), and MLQA with other scripts
 * (Lewis et al. 2020): lowercase words without punctuation and English articles; each Chinese
 * character is a token.
 */
export const answerTokens = (text: string): string[] =>
  text
    .toLowerCase()
    .replace(MARKS, '')
    .replace(ARTICLES, ' ')
    .replace(/\p{Script=Han}/gu, ' $& ')
    .split(/\s+/)
    .filter((token) => token !== '')

/** 1 where two answers have the same tokens, else 0: SQuAD's exact match. */
export const normalizedMatch = (predicted: string, expected: string): number =>
  Number(answerTokens(predicted).join(' ') === answerTokens(expected).join(' '))

/** SQuAD's F1 of the tokens of two answers, 0 to 1; without tokens, 1 where both have none. */
export function tokenF1(predicted: string, expected: string): number {
  const [said, is] = [answerTokens(predicted), answerTokens(expected)]
  if (said.length === 0 || is.length === 0) return Number(said.length === is.length)
  const shared = countShared(countNgrams(said, 1), countNgrams(is, 1))
  return fScore(shared / said.length, shared / is.length)
}
