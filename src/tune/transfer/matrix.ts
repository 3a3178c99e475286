import { type ComparedMetric, compareRuns } from '../../evaluate/compare.ts'
import { readRun } from '../../evaluate/run.ts'
import type { Estimate } from '../../metrics/estimate.ts'
import { meanEstimate } from '../../metrics/intervals.ts'
import { metricsOf } from '../../metrics/measures/index.ts'
import type { Score } from './cells.ts'
import type { StrategyName } from './strategies.ts'

/** What a target is judged by. */
export interface Judged {
  metric: string
  better: 'higher' | 'lower'
}

/** How much better a model is than another, on the same items: positive is better. */
export type Gain = Estimate

/** How well a target is learned from a source. */
export interface MatrixCell {
  /** `scratch`, `base` or the name of a task that the base learned before. */
  source: string
  target: string
  score: Estimate
  /** Against the base's architecture trained from scratch. */
  overScratch?: Gain
  /** Against the base, which learned no other task before. */
  overBase?: Gain
  /** Against the variant without what is varied. */
  overPlain?: Gain
  /** Folders of the evaluations, one for each seed. */
  evaluations: string[]
}

/** How well a task is known before and after a target was learned. */
export interface Forgetting {
  task: string
  /** The target that was learned since. */
  after: string
  before: Estimate
  now: Estimate
  /** Negative where the task was forgotten. */
  change: Gain
  evaluations: string[]
}

/** One strategy under one variant. */
export interface Matrix {
  strategy: StrategyName
  variant: string
  cells: MatrixCell[]
  forgetting: Forgetting[]
}

/** The number that an evaluation is judged by: bits per byte of text, else its first metric. */
export function judgedBy({ metrics, measures }: Score): Judged {
  const all = metricsOf(measures)
  const names = ['bitsPerByte', ...Object.keys(all)]
  const metric = names.find((name) => metrics[name] !== undefined) ?? 'loss'
  return { metric, better: all[metric]?.better ?? 'lower' }
}

/**
 * Of one seed, the score with its interval over the items; of several, their mean with its interval
 * over the seeds.
 */
export function scoreOf(scores: readonly Score[], { metric }: Judged): Estimate {
  const all = scores.map(({ metrics }) => metrics[metric] as Estimate)
  return all.length === 1 ? (all[0] as Estimate) : meanEstimate(all.map(({ value }) => value))
}

/** How much better the second scores are: of one seed paired by items, of several by seeds. */
export async function gainOf(
  first: readonly Score[],
  second: readonly Score[],
  { metric, better }: Judged,
): Promise<Gain> {
  const sign = better === 'higher' ? 1 : -1
  const oriented = ({ value, low, high }: Estimate): Gain => {
    const [from, to] = sign > 0 ? [low, high] : [high, low]
    const bound = (x: number | undefined) => (x === undefined ? undefined : signed(sign * x))
    return { value: signed(sign * value), low: bound(from), high: bound(to) }
  }
  const [a, b] = [first[0] as Score, second[0] as Score]
  if (first.length > 1) {
    const numberOf = (score: Score | undefined) => score?.metrics[metric]?.value as number
    return oriented(meanEstimate(second.map((one, i) => numberOf(one) - numberOf(first[i]))))
  }
  const compared = compareRuns(await readRun(a.folder), await readRun(b.folder), { only: metric })
  const { value, low, high } = (compared.metrics[metric] as ComparedMetric).difference
  return oriented({ value, low, high })
}

/** Not -0, which JSON writes as 0 and a page with its sign. */
const signed = (x: number): number => (x === 0 ? 0 : x)
