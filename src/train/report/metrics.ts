/** What is known after a step: each value is optional, and more may be added by name. */
export interface Metrics {
  /** Updates done so far: the first record of a training has step 1. */
  step: number
  loss?: number
  validationLoss?: number
  learningRate?: number
  gradientNorm?: number
  tokensPerSecond?: number
  /** Share of the machine's measured peak, 0 to 1. */
  peakShare?: number
  /** Since training began, pauses between resumed runs left out. */
  seconds?: number
  [name: string]: number | undefined
}

/**
 * One line of `metrics.jsonl`, with its newline. JSON has no NaN or infinity: they become words.
 */
export const formatMetrics = (metrics: Metrics): string =>
  `${JSON.stringify(metrics, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )}\n`

/** The record of one line; undefined where the line is none, as when a kill cut it short. */
export const parseMetrics = (line: string): Metrics | undefined => {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof record !== 'object' || record === null) return undefined
  const entries = Object.entries(record).map(([name, value]) => [name, Number(value)])
  const metrics: Record<string, number> = Object.fromEntries(entries)
  return Number.isSafeInteger(metrics.step) ? (metrics as Metrics) : undefined
}
