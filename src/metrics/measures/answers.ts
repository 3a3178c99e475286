import { normalizedMatch, tokenF1 } from '../answers.ts'
import { BLEU_COUNTS, bleuCounts, bleuOf, bleuTokensFor } from '../bleu.ts'
import { chrfCounts, chrfOf } from '../chrf.ts'
import type { Item } from '../item.ts'
import { rougeL, rougeN } from '../rouge.ts'
import { asText, type Measure } from './measure.ts'

/** Texts that a model wrote: of items with `predicted` and `expected`. */
export const answers: Measure = {
  metrics: {
    exactMatch: {
      better: 'higher',
      isProportion: true,
      of: compared((said, is) => Number(said === is)),
    },
    normalizedMatch: { better: 'higher', isProportion: true, of: compared(normalizedMatch) },
    tokenF1: { better: 'higher', of: compared(tokenF1) },
    bleu: { better: 'higher', most: 100 },
    chrf: { better: 'higher', most: 100 },
    rouge1: { better: 'higher', of: compared((said, is) => rougeN(said, is, 1)) },
    rouge2: { better: 'higher', of: compared((said, is) => rougeN(said, is, 2)) },
    rougeL: { better: 'higher', of: compared(rougeL) },
  },
  brief: ['exactMatch'],
  covers: ({ predicted }) => predicted !== undefined,
  statistics: (items) => {
    const pairs = items.map(({ predicted, expected }) => {
      return [asText(predicted) ?? '', asText(expected) ?? ''] as const
    })
    const tokens = bleuTokensFor(pairs.map(([, is]) => is))
    const ofBleu = adder(pairs.map(([said, is]) => bleuCounts(said, [is], tokens)))
    const ofChrf = adder(pairs.map(([said, is]) => chrfCounts(said, is)))
    return (weights) => ({ bleu: bleuOf(ofBleu(weights)), chrf: chrfOf(ofChrf(weights)) })
  },
}

function compared(score: (predicted: string, expected: string) => number) {
  return ({ predicted, expected }: Item): number =>
    score(asText(predicted) ?? '', asText(expected) ?? '')
}

/** The sums of the items' counts, each by its weight. */
function adder(counts: readonly Float64Array[]): (weights: ArrayLike<number>) => Float64Array {
  const width = counts[0]?.length ?? BLEU_COUNTS
  return (weights) => {
    const sums = new Float64Array(width)
    for (const [i, own] of counts.entries()) {
      const weight = weights[i] as number
      if (weight === 0) continue
      for (let j = 0; j < width; j++) sums[j] = (sums[j] as number) + weight * (own[j] as number)
    }
    return sums
  }
}
