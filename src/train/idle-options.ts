import { UserError } from '../errors.ts'
import { flagOf } from '../options.ts'
import { OPTIMIZERS, type OptimizerName, type OptimizerOptions } from './optimizers/index.ts'
import type { ParsedTrainOptions, TrainingOptions } from './options.ts'

/** Options of every training, and those of a new model where it takes them. */
type Options = TrainingOptions & Partial<Omit<ParsedTrainOptions, 'task'>>

/** Why an option changes nothing beside others; nothing where it does. */
type Rule = readonly [keyof Options, (options: Options) => string | false | undefined]

const ofOptimizer = (option: keyof OptimizerOptions): Rule => [
  option,
  ({ optimizer }) => {
    if (OPTIMIZERS[optimizer].options.includes(option)) return undefined
    const users = Object.keys(OPTIMIZERS) as OptimizerName[]
    const others = users.filter((name) => OPTIMIZERS[name].options.includes(option))
    return `--optimizer ${optimizer} has none; it is an option of ${others.join(', ')}`
  },
]

const RULES: readonly Rule[] = [
  ofOptimizer('beta1'),
  ofOptimizer('beta2'),
  ['minLr', ({ schedule }) => schedule === 'constant' && '--schedule constant stays at --lr'],
  ['clipBy', ({ clip }) => clip === 0 && '--clip 0 clips nothing'],
  [
    'decay',
    ({ weightDecay, l1, l2 }) =>
      weightDecay + l1 + l2 === 0 && '--weight-decay, --l1 and --l2 are all 0',
  ],
  [
    'shuffle',
    ({ shuffle, val }) =>
      !shuffle &&
      !(typeof val === 'number' && val > 0) &&
      'it says how a share of the data is drawn for validation, and --val is no share above 0',
  ],
  [
    'weights',
    ({ data, weights }) =>
      data.length === 1 && weights?.length === 1 && '--data names one source alone',
  ],
  [
    'synonyms',
    ({ augment }) =>
      augment?.replacement === undefined &&
      augment?.insertion === undefined &&
      'replacement and insertion take synonyms, and --augment names neither',
  ],
  ['depth', ({ layers }) => layers !== undefined && `--layers ${layers} is given`],
  [
    'vocab',
    ({ tokenizer = 'bpe' }) =>
      tokenizer !== 'bpe' && `it is the size of a new bpe tokenizer, not of ${tokenizer}`,
  ],
]

/** Throws UserError where an option that was given would change nothing, or contradicts another. */
export function refuseIdle(given: Partial<Record<keyof Options, unknown>>, options: Options): void {
  for (const [option, idle] of RULES) {
    const reason = given[option] === undefined ? undefined : idle(options)
    if (reason)
      throw new UserError(
        `${flagOf(option)} ${given[option]} changes nothing: ${reason}; leave it out`,
      )
  }
  const { data, weights } = options
  if (weights && weights.length !== data.length)
    throw new UserError(
      `--weights has ${weights.length}, ${weights.join(' ')}, and --data names ${data.length} ` +
        'sources; give one weight for each',
    )
  const lengths = (['steps', 'epochs', 'seconds'] as const).filter((name) => options[name])
  if (lengths.length > 1)
    throw new UserError(
      `${lengths.map(flagOf).join(' and ')} each say how long to train; give one of --steps, ` +
        '--epochs and --seconds',
    )
  refuseContradictions({ ...options, validates: options.val !== 0 })
}

/** What can contradict each other; what is not known yet is undefined. */
export interface Settings
  extends Pick<TrainingOptions, 'lr' | 'minLr' | 'warmup' | 'steps' | 'patience'> {
  /** Whether there is anything to validate on. */
  validates: boolean
}

/** Throws UserError where settings, given or settled by the sizes, contradict each other. */
export function refuseContradictions(settings: Settings): void {
  const { lr = Infinity, minLr = 0, warmup = 0, steps = Infinity, patience, validates } = settings
  if (minLr > lr)
    throw new UserError(
      `--min-lr ${minLr} is above the highest learning rate, ${lr}; give a lower --min-lr or a ` +
        'higher --lr',
    )
  if (warmup > steps)
    throw new UserError(
      `--warmup ${warmup} is longer than the training, ${steps} steps; give a shorter --warmup ` +
        'or a longer training',
    )
  if (patience !== undefined && !validates)
    throw new UserError(
      `--patience ${patience} counts validations, and nothing is kept for validation; give a ` +
        '--val, or leave out --patience',
    )
}
