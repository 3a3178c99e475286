/** Metrics as pure functions, their intervals, and comparisons of two models. */

export { answerTokens, normalizedMatch, tokenF1 } from './answers.ts'
export { type BleuTokens, bleu } from './bleu.ts'
export {
  type BootstrapOptions,
  bootstrap,
  type ItemWeights,
  type Numbers,
  type Statistics,
} from './bootstrap.ts'
export { type CalibrationBin, calibrationBins, calibrationError } from './calibration.ts'
export { type ChrfOptions, chrf } from './chrf.ts'
export {
  type Average,
  accuracy,
  balancedAccuracy,
  type CodedLabels,
  codeLabels,
  confusionMatrix,
  countLabels,
  f1,
  type LabelCounts,
  type LabelPairs,
  matthewsCorrelation,
  precision,
  recall,
} from './classification.ts'
export type { Estimate } from './estimate.ts'
export { meanEstimate, shareEstimate } from './intervals.ts'
export type { Answer, Item } from './item.ts'
export type { MeasureName } from './measures/index.ts'
export { type Difference, mcNemar, pairedDifferences } from './paired.ts'
export { rocAuc } from './ranking.ts'
export { correlation, type NumberPairs } from './regression.ts'
export { rougeL, rougeN } from './rouge.ts'
export { type ClassReport, type Summary, summarize } from './summarize.ts'
export { countWords } from './words.ts'
