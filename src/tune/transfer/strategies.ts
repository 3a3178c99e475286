import { UserError } from '../../errors.ts'
import { type ModelConfig, stacksOf } from '../../models/model.ts'
import type { TrainOptions } from '../../train/options.ts'
import type { Target } from './targets.ts'

/** What a strategy looks at. */
export interface Situation {
  target: Target
  targets: readonly Target[]
  base: ModelConfig
  /** How long the target is learned, as far as the user said. */
  length: Pick<TrainOptions, 'steps' | 'epochs' | 'seconds'>
  replayShare: number
}

/** A stage of a training: it starts from the model of the stage before. */
export type Stage = Partial<TrainOptions>

/**
 * A way to learn a task from a source, in one stage or several. Throws UserError where the task
 * cannot be learned so.
 */
export type Strategy = (situation: Situation) => Stage[]

/** Tasks whose models have a head of their own, which is drawn anew for other labels. */
const HEADED: readonly string[] = ['classify', 'regress', 'reward', 'tag']

const full: Strategy = () => [{}]

/** The body is frozen; the head learns from its features. */
const featureExtraction: Strategy = ({ target: { name, task } }) => {
  if (HEADED.includes(task)) return [{ learn: ['head.*'] }]
  throw new UserError(
    `--strategy feature-extraction learns a head alone, and the task ${name} (${task}) has none; ` +
      `it is for ${HEADED.join(', ')}`,
  )
}

/**
 * The head first; then, stage by stage, one layer more from the top; in the last, with the lowest
 * layer, the embeddings too (Howard & Ruder 2018). The stages share the length that was given; else
 * each is an epoch, as there.
 */
const gradualUnfreezing: Strategy = ({ target, base, length }) => {
  if (base.kind === 'encoder-decoder')
    throw new UserError(
      '--strategy gradual-unfreezing goes down one stack of layers, and the base is an ' +
        'encoder-decoder, which has two; choose another strategy',
    )
  const layers = stacksOf(base)[0]?.layers ?? 0
  const frozen = (count: number): Stage => ({
    freeze: [
      'model.embed*',
      ...Array.from({ length: count }, (_, layer) => `model.layers.${layer}.*`),
    ],
  })
  const stages: Stage[] = HEADED.includes(target.task) ? [{ learn: ['head.*'] }] : []
  for (let count = layers - 1; count > 0; count--) stages.push(frozen(count))
  stages.push({})
  return stages.map((stage, i) => ({ ...stage, ...lengthOf(length, i, stages.length) }))
}

/** The share of stage `i` in a training. */
function lengthOf({ steps, epochs, seconds }: Situation['length'], i: number, count: number) {
  if (steps !== undefined) {
    if (steps < count)
      throw new UserError(
        `--strategy gradual-unfreezing has ${count} stages, and --steps ${steps} are fewer; give ` +
          'more steps',
      )
    return { steps: Math.floor((steps * (i + 1)) / count) - Math.floor((steps * i) / count) }
  }
  if (seconds !== undefined) return { seconds: seconds / count }
  return { epochs: epochs === undefined ? 1 : epochs / count }
}

/** A share of the rows is of what the base knows, so that it is not forgotten (Robins 1995). */
const replay: Strategy = ({ target, targets, replayShare }) => {
  const { name, task } = target
  const known = targets.find((one) => one.known && one.task === task && one.data)
  if (!known)
    throw new UserError(
      `--strategy replay mixes what the base knows into the task ${name} (${task}); list that ` +
        `among the tasks: "known": true, "task": "${task}", with its "data"`,
    )
  const [own = [], old = []] = [target.data, known.data]
  for (const { name: other, data = [] } of [target, known])
    if (data.length > 1)
      throw new UserError(
        `--strategy replay mixes two sources, and the task ${other} has ${data.length}; name one ` +
          'folder or pattern',
      )
  return [{ data: [...own, ...old], weights: [1 - replayShare, replayShare] }]
}

/** All strategies, by the name that the command line takes. */
export const STRATEGIES = {
  full,
  'feature-extraction': featureExtraction,
  'gradual-unfreezing': gradualUnfreezing,
  replay,
} as const satisfies Record<string, Strategy>

export type StrategyName = keyof typeof STRATEGIES

export const STRATEGY_NAMES = Object.keys(STRATEGIES) as [StrategyName, ...StrategyName[]]
