import { type CalibrationBin, calibrationBins, calibrationError } from '../calibration.ts'
import type { Item } from '../item.ts'
import { rocAuc } from '../ranking.ts'
import type { Measure } from './measure.ts'

/** Probabilities of labels: of items with `probabilities`, `predicted` and `expected`. */
export const probabilities: Measure = {
  metrics: {
    rocAuc: { better: 'higher' },
    logLoss: { better: 'lower', of: logLoss },
    calibrationError: { better: 'lower' },
  },
  brief: [],
  covers: ({ probabilities }) => probabilities !== undefined,
  statistics: (items) => {
    const area = averageArea(items)
    const { confidences, correct } = confidencesOf(items)
    return (given) => {
      // An array of one type is read several times as quickly.
      const weights = new Float64Array(given)
      return {
        rocAuc: area(weights),
        calibrationError: calibrationError(calibrationBins(confidences, correct, { weights })),
      }
    }
  },
}

/** Least probability that counts, as in scikit-learn: the logarithm of 0 would outweigh all. */
export const LEAST = Number.EPSILON

/** Minus the logarithm of the probability of the true label. */
function logLoss({ probabilities = {}, expected }: Item): number {
  return -Math.log(Math.max(LEAST, probabilities[String(expected)] ?? 0))
}

/**
 * Area under the ROC curve of two labels; of more, of each label against the rest, averaged over
 * those that occur (Fawcett 2006).
 */
function averageArea(items: readonly Item[]): (weights: ArrayLike<number>) => number | undefined {
  const labels = Object.keys(items[0]?.probabilities ?? {})
  const areas = (labels.length === 2 ? labels.slice(1) : labels).map((label) =>
    rocAuc(
      items.map(({ probabilities }) => probabilities?.[label] ?? 0),
      (i) => items[i]?.expected === label,
    ),
  )
  return (weights) => {
    const known = areas.map((area) => area(weights)).filter((area) => area !== undefined)
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length
  }
}

/** The probability of each prediction, and whether it is right. */
function confidencesOf(items: readonly Item[]) {
  return {
    confidences: Float64Array.from(items, ({ probabilities = {}, predicted }) => {
      return probabilities[String(predicted)] ?? 0
    }),
    correct: Uint8Array.from(items, ({ predicted, expected }) => Number(predicted === expected)),
  }
}

/** Predictions by their confidence, for a diagram. */
export function calibrationOf(items: readonly Item[]): CalibrationBin[] {
  const { confidences, correct } = confidencesOf(items)
  return calibrationBins(confidences, correct)
}
