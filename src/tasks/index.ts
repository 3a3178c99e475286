import { UserError } from '../errors.ts'
import { REWARD } from '../models/head-config.ts'
import type { ModelConfig } from '../models/model.ts'
import { flagOf } from '../options.ts'
import { chat } from './chat.ts'
import { classify } from './classify.ts'
import { completion } from './completion.ts'
import { embed } from './embed.ts'
import { lm } from './lm.ts'
import { mlm } from './mlm.ts'
import { regress } from './regress.ts'
import { reward } from './reward.ts'
import { seq2seq } from './seq2seq.ts'
import { tag } from './tag.ts'
import type { Shape, Task } from './task.ts'

/** All tasks, by the name that the command line takes. */
export const TASKS = {
  lm,
  mlm,
  classify,
  regress,
  reward,
  tag,
  embed,
  seq2seq,
  completion,
  chat,
} as const

export type TaskName = keyof typeof TASKS

export const TASK_NAMES = Object.keys(TASKS) as [TaskName, ...TaskName[]]

/** A task whose options and records only it looks at. */
export const taskOf = (name: TaskName): Task => TASKS[name] as Task

/** Options of its own that a task has in training. */
export const trainingOptionsOf = (name: TaskName): Shape => learningOptionsOf(TASKS[name])

export const learningOptionsOf = ({ options, learning }: Pick<Task, 'options' | 'learning'>) => ({
  ...options,
  ...learning,
})

type Intersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void
  ? I
  : never
type Own<N extends TaskName, K extends 'options' | 'learning'> = N extends unknown
  ? (typeof TASKS)[N][K]
  : never

/** Options of several tasks together: of evaluation, and of training. */
export const evaluationShape = <N extends TaskName>(names: readonly N[]) =>
  Object.assign({}, ...names.map((name) => TASKS[name].options)) as Intersection<Own<N, 'options'>>
export const trainingShape = <N extends TaskName>(names: readonly N[]) =>
  Object.assign({}, ...names.map(trainingOptionsOf)) as Intersection<Own<N, 'options' | 'learning'>>

/** Tasks, among some, that take an option. */
export const takersOf = (option: string, names: readonly TaskName[]): TaskName[] =>
  names.filter((name) => option in trainingOptionsOf(name))

/** Throws UserError where an option was given that other tasks have, and this one has not. */
export const refuseOthers = (given: object, name: TaskName, names: readonly TaskName[]): void =>
  refuseOptionsOfOthers(given, `task ${name}`, name, (option) => takersOf(option, names))

/**
 * Throws UserError where an option was given that others of a kind have, and this one, such as
 * `task lm`, has not.
 */
export function refuseOptionsOfOthers<N extends string>(
  given: object,
  what: string,
  name: N,
  takersOf: (option: string) => readonly N[],
): void {
  for (const [option, value] of Object.entries(given)) {
    const takers = value === undefined ? [] : takersOf(option)
    if (takers.length > 0 && !takers.includes(name))
      throw new UserError(
        `${flagOf(option)} does not apply to the ${what}, only to ${takers.join(', ')}; ` +
          'leave it out',
      )
  }
}

/** Throws UserError where a model of this kind does not learn the task. */
export function expectKind(name: TaskName, kind: ModelConfig['kind']): void {
  const { kinds } = TASKS[name]
  if ((kinds as readonly string[]).includes(kind)) return
  throw new UserError(
    `task ${name} trains ${kinds.join('s and ')}s, and this model is of the kind ${kind}; ` +
      `${otherTask(name, kind)}choose another architecture or model, or another task`,
  )
}

/** Another task that does for this kind of model what was asked for. */
function otherTask(name: TaskName, kind: ModelConfig['kind']): string {
  const other =
    name === 'seq2seq' && kind === 'decoder'
      ? 'completion'
      : name === 'completion' && kind === 'encoder-decoder'
        ? 'seq2seq'
        : undefined
  if (other === undefined) return ''
  return `a model of this kind learns to write by --task ${other}, from ${TASKS[other].data}; `
}

/**
 * What a model was made for: the task of its head; `seq2seq` for an encoder-decoder; of a decoder
 * without a head, which does several, the next token.
 */
export function taskOfModel(config: ModelConfig): TaskName {
  if ('head' in config && config.head)
    return config.head.labels.includes(REWARD) && config.head.task === 'regress'
      ? 'reward'
      : config.head.task
  return config.kind === 'encoder-decoder' ? 'seq2seq' : 'lm'
}

/** Throws UserError where a model is not made for a task: one with a head is for its task alone. */
export function expectTask(name: TaskName, config: ModelConfig, folder: string): void {
  const own = taskOfModel(config)
  const hasHead = 'head' in config && config.head !== undefined
  const isHeadTask = HEAD_TASKS.includes(name)
  const isNumber = [own, name].every((task) => task === 'regress' || task === 'reward')
  if (
    own === name ||
    isNumber ||
    (!hasHead && !isHeadTask && TASKS[name].kinds.some((k) => k === config.kind))
  )
    return
  throw new UserError(
    `${folder}: the model is for the task ${own}, not for ${name}; leave out --task, or give ` +
      'another model',
  )
}

const HEAD_TASKS: readonly TaskName[] = ['mlm', 'classify', 'regress', 'reward', 'tag', 'embed']
