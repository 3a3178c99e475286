import type { ItemWeights } from './bootstrap.ts'

/** Predictions of about the same confidence. */
export interface CalibrationBin {
  readonly count: number
  /** Their mean confidence, and the share that is right; 0 where there are none. */
  readonly confidence: number
  readonly accuracy: number
}

const BINS = 15

/**
 * Predictions in bins of equal width by their confidence, the probability of the label that was
 * predicted; a confidence between two bins is in the lower one (Guo et al. 2017).
 */
export function calibrationBins(
  confidences: ArrayLike<number>,
  correct: ArrayLike<number>,
  { weights, bins = BINS }: { weights?: ItemWeights; bins?: number } = {},
): CalibrationBin[] {
  const counts = new Float64Array(bins)
  const [sums, right] = [new Float64Array(bins), new Float64Array(bins)]
  for (let i = 0; i < confidences.length; i++) {
    const confidence = confidences[i] as number
    const weight = weights ? (weights[i] as number) : 1
    const bin = Math.min(bins, Math.max(1, Math.ceil(confidence * bins))) - 1
    counts[bin] = (counts[bin] as number) + weight
    sums[bin] = (sums[bin] as number) + weight * confidence
    right[bin] = (right[bin] as number) + weight * (correct[i] as number)
  }
  return Array.from(counts, (count, bin) => ({
    count,
    confidence: (sums[bin] as number) / Math.max(1, count),
    accuracy: (right[bin] as number) / Math.max(1, count),
  }))
}

/**
 * Expected calibration error: mean distance of confidence and accuracy over the bins, each by its
 * share of the predictions (Naeini et al. 2015). Undefined without predictions.
 */
export function calibrationError(bins: readonly CalibrationBin[]): number | undefined {
  const count = bins.reduce((total, bin) => total + bin.count, 0)
  if (count === 0) return undefined
  return bins.reduce(
    (total, bin) => total + (bin.count / count) * Math.abs(bin.accuracy - bin.confidence),
    0,
  )
}
