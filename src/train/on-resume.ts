import { flagOf } from '../options.ts'
import type { ParsedTrainOptions, TrainingOptions } from './options.ts'

/** What happens to an option whose value is another when its training resumes. */
export type OnResume =
  /** What was learned so far depends on it: the change is refused. */
  | 'fixed'
  /** It only decides something that is compared itself: the model, the data, the tokenizer. */
  | 'derived'
  /** The change takes effect from here on, and is reported. */
  | 'changeable'
  /** Nothing that is computed depends on it. */
  | 'free'

/** Each option of a kind of training; the type demands that none is missing. */
export type ResumeTable = Readonly<Record<string, OnResume>>

export const TRAINING_ON_RESUME = {
  out: 'free',
  resume: 'free',
  // Their product is the rows of a step, in which steps and positions in the data are counted.
  batch: 'derived',
  accumulate: 'derived',
  steps: 'changeable',
  epochs: 'changeable',
  seconds: 'changeable',
  // The state in the checkpoint was made by these.
  optimizer: 'fixed',
  beta1: 'fixed',
  beta2: 'fixed',
  average: 'fixed',
  seed: 'fixed',
  lr: 'changeable',
  minLr: 'changeable',
  schedule: 'changeable',
  warmup: 'changeable',
  clip: 'changeable',
  clipBy: 'changeable',
  weightDecay: 'changeable',
  decay: 'changeable',
  l1: 'changeable',
  l2: 'changeable',
  labelSmoothing: 'changeable',
  evalEvery: 'changeable',
  patience: 'changeable',
  onSpike: 'changeable',
  keep: 'changeable',
  engine: 'changeable',
  threads: 'changeable',
  encoding: 'derived',
  encodingErrors: 'derived',
  shuffle: 'derived',
} as const satisfies Record<keyof TrainingOptions, OnResume>

export const TRAIN_ON_RESUME = {
  ...TRAINING_ON_RESUME,
  task: 'fixed',
  model: 'fixed',
  data: 'derived',
  documentSeparator: 'derived',
  val: 'derived',
  documents: 'fixed',
  tokenizer: 'derived',
  vocab: 'fixed',
  architecture: 'derived',
  depth: 'derived',
  layers: 'derived',
  heads: 'derived',
  kvHeads: 'derived',
  dim: 'derived',
  hiddenDim: 'derived',
  context: 'derived',
  targetContext: 'derived',
  positions: 'derived',
  output: 'derived',
  activation: 'derived',
  ropeTheta: 'derived',
  norm: 'derived',
  feedForward: 'derived',
  init: 'fixed',
  window: 'derived',
  experts: 'derived',
  expertsPerToken: 'derived',
  dropout: 'derived',
  feedForwardDropout: 'derived',
  // Validation losses before and after would not compare.
  maskProbability: 'fixed',
  temperature: 'fixed',
} as const satisfies Record<keyof ParsedTrainOptions, OnResume>

/** Options by name, with their defaults. */
export type OptionValues = Readonly<Record<string, unknown>>

/** The options of one `kind` that differ, as "--seed: 1 before, 9 now". */
export const changedOptions = (
  table: ResumeTable,
  kind: OnResume,
  before: OptionValues,
  now: OptionValues,
): string[] =>
  Object.keys(table)
    .filter((name) => table[name] === kind)
    .flatMap((name) => changes(before[name], now[name], flagOf(name)))

/** What two values that were compared as wholes differ in, by the path of each part. */
export function partsThatDiffer(before: unknown, now: unknown, path = ''): string[] {
  if (!isObject(before) || !isObject(now)) return changes(before, now, path)
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) =>
    partsThatDiffer(before[key], now[key], path === '' ? key : `${path}.${key}`),
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

function changes(before: unknown, now: unknown, name: string): string[] {
  if (JSON.stringify(before) === JSON.stringify(now)) return []
  // A hash says no more than that.
  if (isHash(before) && isHash(now)) return [`${name}: changed`]
  return [`${name}: ${shown(before)} before, ${shown(now)} now`]
}

const isHash = (value: unknown): boolean =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

const shown = (value: unknown): string => {
  if (value === undefined) return 'not given'
  if (Array.isArray(value)) return value.map(String).join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
