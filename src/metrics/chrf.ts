import { countNgrams, countShared, fScore } from './ngrams.ts'

export interface ChrfOptions {
  /** Longest sequence of characters. */
  order?: number
  /** How much more recall counts than precision. */
  beta?: number
  /** Blanks count as characters. */
  whitespace?: boolean
}

const ORDER = 6

/** What chrF adds up over texts: predicted and expected n-grams and their matches, by order. */
export function chrfCounts(
  predicted: string,
  expected: string,
  { order = ORDER, whitespace = false }: ChrfOptions = {},
): Float64Array {
  const characters = (text: string) => [...(whitespace ? text : text.replace(/\s+/g, ''))]
  const [said, is] = [characters(predicted), characters(expected)]
  const counts = new Float64Array(3 * order)
  for (let n = 1; n <= order; n++) {
    const [there, known] = [said.length - n + 1, is.length - n + 1].map((x) => Math.max(0, x))
    const shared = countShared(countNgrams(said, n), countNgrams(is, n))
    // Without any n-gram to match, those that were written do not count (sacrebleu).
    counts.set([known === 0 ? 0 : (there as number), known as number, shared], 3 * (n - 1))
  }
  return counts
}

/** chrF of the sums of `chrfCounts`, 0 to 100: over the orders that both sides have. */
export function chrfOf(sums: ArrayLike<number>, { beta = 2 }: ChrfOptions = {}): number {
  let [precision, recall, orders] = [0, 0, 0]
  for (let i = 0; i < sums.length; i += 3) {
    const [there, known, shared] = [sums[i], sums[i + 1], sums[i + 2]] as [number, number, number]
    if (there === 0 || known === 0) continue
    precision += shared / there
    recall += shared / known
    orders++
  }
  return orders === 0 ? 0 : 100 * fScore(precision / orders, recall / orders, beta)
}

/**
 * chrF2 (Popović 2015) as sacrebleu computes it: F-score of sequences of 1 to 6 characters, 0 to
 * 100, which suits any script.
 */
export function chrf(
  predicted: readonly string[],
  expected: readonly string[],
  options: ChrfOptions = {},
): number {
  const sums = new Float64Array(3 * (options.order ?? ORDER))
  for (const [i, text] of predicted.entries())
    for (const [j, count] of chrfCounts(text, expected[i] ?? '', options).entries())
      sums[j] = (sums[j] as number) + count
  return chrfOf(sums, options)
}
