import { tokenize13a, tokenizeZh } from './bleu-tokens.ts'
import { countNgrams } from './ngrams.ts'
import { hasHan } from './words.ts'

export type BleuTokens = '13a' | 'zh'

const ORDERS = 4

/** Numbers per text: matches of each order, n-grams of each order, and both lengths. */
export const BLEU_COUNTS = 2 * ORDERS + 2

/** The tokens that texts are compared by: `zh` where a reference has Chinese characters. */
export const bleuTokensFor = (references: Iterable<string>): BleuTokens => {
  for (const reference of references) if (hasHan(reference)) return 'zh'
  return '13a'
}

/** What BLEU adds up over the texts: `BLEU_COUNTS` numbers. */
export function bleuCounts(
  predicted: string,
  references: readonly string[],
  tokens: BleuTokens,
): Float64Array {
  const tokenize = tokens === 'zh' ? tokenizeZh : tokenize13a
  const said = tokenize(predicted)
  const all = references.map(tokenize)
  const counts = new Float64Array(BLEU_COUNTS)
  for (let order = 1; order <= ORDERS; order++) {
    const known = all.map((one) => countNgrams(one, order))
    let matches = 0
    for (const [ngram, count] of countNgrams(said, order))
      matches += Math.min(count, Math.max(0, ...known.map((one) => one.get(ngram) ?? 0)))
    counts[order - 1] = matches
    counts[ORDERS + order - 1] = Math.max(0, said.length - order + 1)
  }
  counts[2 * ORDERS] = said.length
  counts[2 * ORDERS + 1] = closest(
    all.map(({ length }) => length),
    said.length,
  )
  return counts
}

/** The length that is nearest to `length`; the shorter of two. */
const closest = (lengths: readonly number[], length: number): number =>
  [...lengths].sort((a, b) => Math.abs(a - length) - Math.abs(b - length) || a - b)[0] ?? 0

/**
 * BLEU of the sums of `bleuCounts`, 0 to 100: the geometric mean of the precisions of 1- to 4-grams
 * times the brevity penalty (Papineni et al. 2002), with sacrebleu's exponential smoothing.
 */
export function bleuOf(sums: ArrayLike<number>): number {
  const [said, is] = [sums[2 * ORDERS] as number, sums[2 * ORDERS + 1] as number]
  let [logs, smoothing, matches] = [0, 1, 0]
  for (let i = 0; i < ORDERS; i++) {
    const [right, all] = [sums[i] as number, sums[ORDERS + i] as number]
    if (all === 0) return 0
    matches += right
    if (right === 0) smoothing *= 2
    logs += Math.log(right === 0 ? 1 / (smoothing * all) : right / all) / ORDERS
  }
  if (matches === 0) return 0
  const brevity = said < is ? Math.exp(1 - is / said) : 1
  return 100 * brevity * Math.exp(logs)
}

/**
 * BLEU of texts, each with one or several references, as sacrebleu computes it (Post 2018), 0 to
 * 100. `tokens`: `13a` is mteval's, `zh` divides Chinese into characters (default: by the
 * references).
 */
export function bleu(
  predicted: readonly string[],
  references: readonly (readonly string[])[],
  tokens: BleuTokens = bleuTokensFor(references.flat()),
): number {
  const sums = new Float64Array(BLEU_COUNTS)
  for (const [i, text] of predicted.entries())
    for (const [j, count] of bleuCounts(text, references[i] ?? [], tokens).entries())
      sums[j] = (sums[j] as number) + count
  return bleuOf(sums)
}
