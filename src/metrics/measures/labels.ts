import {
  accuracy,
  balancedAccuracy,
  codeLabels,
  countLabels,
  f1,
  matthewsCorrelation,
  precision,
  recall,
} from '../classification.ts'
import type { Item } from '../item.ts'
import { asText, type Measure } from './measure.ts'

/** Labels of texts, or tags of words: of items with `predicted` and `expected`. */
export const labels: Measure = {
  metrics: {
    accuracy: { better: 'higher', isProportion: true, of: isRight },
    balancedAccuracy: { better: 'higher' },
    f1: { better: 'higher' },
    microF1: { better: 'higher' },
    weightedF1: { better: 'higher' },
    precision: { better: 'higher' },
    recall: { better: 'higher' },
    mcc: { better: 'higher' },
  },
  brief: ['accuracy', 'f1'],
  statistics: (items) => {
    const { coded, owners } = codeItems(items)
    return (weights) => {
      const counts = countLabels(coded, weights, owners)
      return {
        accuracy: accuracy(counts),
        balancedAccuracy: balancedAccuracy(counts),
        f1: f1(counts),
        microF1: f1(counts, 'micro'),
        weightedF1: f1(counts, 'weighted'),
        precision: precision(counts),
        recall: recall(counts),
        mcc: matthewsCorrelation(counts),
      }
    }
  },
}

/** 1 or 0 for one answer; nothing for several, of which an item is a cluster. */
function isRight({ predicted, expected }: Item): number | undefined {
  const is = asText(expected)
  return is === undefined ? undefined : Number(asText(predicted) === is)
}

/** All answers of all items, and the item that each is of. */
export function codeItems(items: readonly Item[]) {
  const answers = items.map(({ predicted, expected }) => {
    const [said, is] = [[predicted ?? ''].flat(), [expected ?? ''].flat()]
    return is.map((label, i) => [said[i] || undefined, label] as const)
  })
  const owners = Int32Array.from(answers.flatMap((pairs, i) => pairs.map(() => i)))
  return { coded: codeLabels(answers.flat()), owners }
}
