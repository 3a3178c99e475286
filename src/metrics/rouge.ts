import { countNgrams, countShared, fScore } from './ngrams.ts'

/**
 * Tokens as the package rouge-score has them without its stemmer: lowercase words of a to z and
 * digits. Besides, each Chinese character is a token.
 */
export const rougeTokens = (text: string): string[] =>
  text.toLowerCase().match(/[a-z0-9]+|\p{Script=Han}/gu) ?? []

/** ROUGE-N (Lin 2004): F1 of the sequences of `order` tokens that two texts share, 0 to 1. */
export function rougeN(predicted: string, expected: string, order: number): number {
  const [said, is] = [rougeTokens(predicted), rougeTokens(expected)]
  const shared = countShared(countNgrams(said, order), countNgrams(is, order))
  const share = ({ length }: string[]) => shared / Math.max(1, length - order + 1)
  return fScore(share(said), share(is))
}

/** ROUGE-L (Lin 2004): F1 of the longest common subsequence of the tokens of two texts, 0 to 1. */
export function rougeL(predicted: string, expected: string): number {
  const [said, is] = [rougeTokens(predicted), rougeTokens(expected)]
  const shared = longestCommon(said, is)
  return fScore(shared / Math.max(1, said.length), shared / Math.max(1, is.length))
}

/** Length of the longest common subsequence. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Uint32Array(b.length + 1)
  for (const token of a) {
    const next = new Uint32Array(b.length + 1)
    for (let j = 1; j <= b.length; j++)
      next[j] =
        token === b[j - 1]
          ? (row[j - 1] as number) + 1
          : Math.max(row[j] as number, next[j - 1] as number)
    row = next
  }
  return row[b.length] as number
}
