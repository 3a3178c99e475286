import { answers } from './answers.ts'
import { choices, flexibleMatches, matches, normalizedChoices, retrieval } from './choices.ts'
import { labels } from './labels.ts'
import { divergence, documents, loss, perplexity } from './language.ts'
import type { Measure, Metric } from './measure.ts'
import { numbers } from './numbers.ts'
import { preferences } from './preferences.ts'
import { probabilities } from './probabilities.ts'

/** All measures by name. */
export const MEASURES = {
  loss,
  perplexity,
  documents,
  divergence,
  labels,
  probabilities,
  numbers,
  retrieval,
  answers,
  choices,
  preferences,
  normalizedChoices,
  matches,
  flexibleMatches,
} as const satisfies Record<string, Measure>

export type MeasureName = keyof typeof MEASURES

export const MEASURE_NAMES = Object.keys(MEASURES) as [MeasureName, ...MeasureName[]]

/** Metrics of several measures by name. */
export const metricsOf = (names: readonly MeasureName[]): Record<string, Metric> =>
  Object.assign({}, ...names.map((name) => MEASURES[name].metrics))
