import { mul, sub, type Tensor } from '../../graph/index.ts'

/** One optimizer: which state it keeps for each parameter, and how a step changes both. */
export interface Optimizer {
  readonly name: string
  /** State vectors of the size of the parameters, all starting at zero. */
  readonly state: readonly string[]
  /** True where the step works on a whole matrix rather than on each element alone. */
  readonly wholeMatrix?: boolean
  /** Numbers that change with the step (1, 2, ...), such as bias corrections. */
  scalars?(step: number): Record<string, number>
  /**
   * The new parameter and state. All inputs have one shape; scalars have shape (). What is new
   * replaces the old in place: an expression may read `parameter` and each state only on the way to
   * its own new value, or to values that this one depends on.
   */
  update(inputs: UpdateInputs): Update
}

export interface Update {
  parameter: Tensor
  state: Record<string, Tensor>
}

export interface UpdateInputs {
  parameter: Tensor
  /** Already clipped. */
  gradient: Tensor
  state: Readonly<Record<string, Tensor>>
  learningRate: Tensor
  /** Decoupled: the share of the parameter that a unit of learning rate takes away. */
  weightDecay: number
  scalar(name: string): Tensor
}

/** State by name; every name that an optimizer declares is there. */
export function stateOf(state: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = state[name]
  if (!tensor) throw new Error(`the optimizer keeps no state named ${name}`)
  return tensor
}

/** Decoupled weight decay (Loshchilov & Hutter 2019): p (1 - rate decay). */
export const decayed = (parameter: Tensor, learningRate: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(learningRate, weightDecay)))
