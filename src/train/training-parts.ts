import { resolve } from 'node:path'
import type { Corpus } from '../data/sources/corpus.ts'
import type { DataEvent } from '../data/sources/data-event.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import type { Engine } from '../runtime/engine.ts'
import type { TaskName } from '../tasks/index.ts'
import { refuseIdleTraining } from './idle-options.ts'
import type { ParsedTrainOptions, TrainOptions } from './options.ts'
import type { TrainEvents } from './session.ts'

/** What every kind of training starts from. */
export interface TrainingParts {
  options: ParsedTrainOptions
  engine: Engine
  corpus: Corpus
  /** Sources of their own to validate on. */
  validation: Corpus | undefined
  /** A model whose body is trained further. */
  base: OpenModel | undefined
  report(event: DataEvent): void
  events: TrainEvents
}

/** Options that a base decides, and that cannot be given with it. */
const OF_THE_BASE = [
  'architecture',
  'depth',
  'layers',
  'heads',
  'kvHeads',
  'dim',
  'hiddenDim',
  'positions',
  'output',
  'activation',
  'ropeTheta',
  'norm',
  'feedForward',
  'init',
  'feedForwardDropout',
  'window',
  'experts',
  'expertsPerToken',
  'dropout',
  'vocab',
  'tokenizer',
] as const satisfies readonly (keyof TrainOptions)[]

/** Options that some tasks alone look at. */
const OF_TASKS = {
  documents: ['lm'],
  maskProbability: ['mlm'],
  temperature: ['embed'],
  targetContext: ['seq2seq'],
  labelSmoothing: ['lm', 'classify', 'tag', 'seq2seq', 'completion'],
  documentSeparator: ['lm', 'mlm'],
} as const satisfies Partial<Record<keyof TrainOptions, readonly TaskName[]>>

/** Throws UserError where an option was given that would change nothing. */
export function refuseIdle(given: TrainOptions, options: ParsedTrainOptions): void {
  const { task, tokenizer } = options
  refuseIdleTraining(given, options)
  refuseIdleShuffle(options)
  for (const [name, tasks] of Object.entries<readonly TaskName[]>(OF_TASKS))
    if (given[name as keyof TrainOptions] !== undefined && !tasks.includes(task))
      throw new UserError(
        `${name} is not of the task ${task}, but of ${tasks.join(', ')}; leave it out`,
      )
  if (given.depth !== undefined && given.layers !== undefined)
    throw new UserError(
      `--depth ${given.depth} changes nothing beside --layers ${given.layers}; leave out one of ` +
        'the two',
    )
  if (given.vocab !== undefined && tokenizer !== undefined && tokenizer !== 'bpe')
    throw new UserError(
      `vocab is the size of a bpe tokenizer, and this is ${tokenizer}; leave it out`,
    )
}

/** Throws UserError where `shuffle` is given and validation is no share of the data. */
export function refuseIdleShuffle(options: { shuffle: boolean; val: unknown }): void {
  const { shuffle, val } = options
  if (shuffle || (typeof val === 'number' && val > 0)) return
  throw new UserError(
    'shuffle is how a share of the data is drawn for validation, and val is no share above 0; ' +
      'leave it out',
  )
}

/**
 * Throws UserError where a training's result would overwrite the model that it starts from.
 */
export function refuseOverwriting(out: string, model: string | undefined): void {
  if (model !== undefined && resolve(model) === resolve(out))
    throw new UserError(`out is ${out}, the model that is trained further; choose another folder`)
}

/**
 * Reports where `val` leaves no record to validate on. Throws UserError where its own sources hold
 * none.
 */
export function checkHeld(
  held: readonly unknown[],
  { val, learned }: { val: number | readonly string[]; learned: readonly unknown[] },
  { onMessage }: TrainEvents,
): void {
  if (held.length > 0 || val === 0) return
  if (typeof val !== 'number') throw new UserError('the validation data holds no records')
  onMessage?.(
    `the data is too small (${learned.length}) to keep a share of ${val} for validation: how ` +
      'well it is learned is not measured',
  )
}

/** Throws UserError where an option contradicts the base that is trained further. */
export function checkBase(options: ParsedTrainOptions, base: OpenModel): void {
  const given = OF_THE_BASE.find((name) => options[name] !== undefined)
  if (given !== undefined)
    throw new UserError(`${given} is that of the model in ${base.path}; leave it out`)
}
