import { learningOptionsOf, refuseOptionsOfOthers } from '../tasks/index.ts'
import type { Shape } from '../tasks/task.ts'
import { dpo } from './dpo.ts'
import { grpo } from './grpo/grpo.ts'
import type { Method } from './method.ts'
import { sft } from './sft.ts'

/** All methods of tuning, by the name that the command line takes. */
export const METHODS = { sft, dpo, grpo } as const

export type MethodName = keyof typeof METHODS

export const METHOD_NAMES = Object.keys(METHODS) as [MethodName, ...MethodName[]]

/** A method whose options and records only it looks at. */
export const methodOf = (name: MethodName): Method => METHODS[name] as Method

/** Options of its own that a method has. */
export const methodOptionsOf = (name: MethodName): Shape => learningOptionsOf(METHODS[name].task)

type Intersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void
  ? I
  : never
type Tasks = (typeof METHODS)[MethodName]['task']

/**
 * Options of all methods together. Where two have one of the same name, what the field of the last
 * one takes must include what the others take.
 */
export const methodShape = Object.assign({}, ...METHOD_NAMES.map(methodOptionsOf)) as Intersection<
  Tasks['options'] | Tasks['learning']
>

/** Methods that take an option. */
export const methodsWith = (option: string): MethodName[] =>
  METHOD_NAMES.filter((name) => option in methodOptionsOf(name))

/** Throws UserError where an option was given that other methods have, and this one has not. */
export const refuseOtherMethods = (given: object, name: MethodName): void =>
  refuseOptionsOfOthers(given, `method ${name}`, name, methodsWith)
