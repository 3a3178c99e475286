import { availableParallelism, totalmem } from 'node:os'
import { UserError } from '../errors.ts'
import { sizeOf } from '../graph/index.ts'
import { countParameters, type Model, stacksOf } from '../models/model.ts'
import type { Module } from '../nn/index.ts'

const FLOAT = 4

/**
 * Bytes that a model's weights take at least, once an engine has packed them: embeddings may stay
 * in their file.
 */
export function weightBytes(model: Module): number {
  const matrices = [...model.parameters()].filter(
    ([name, { shape }]) => shape.length > 1 && !name.includes('embed'),
  )
  return matrices.reduce((bytes, [, { shape }]) => bytes + FLOAT * sizeOf(shape), 0)
}

export interface TrainingSizes {
  model: Model
  /** What is learned: the model, or an adapter. */
  learned: Module
  /** Vectors of the size of what is learned, one for each kind of optimizer state. */
  states: number
  /** Examples of a step, accumulation included, and the tokens of each. */
  batch: number
  length: number
}

/** Bytes that a training takes at least, on one thread. */
export function trainingBytes({ model, learned, states, batch, length }: TrainingSizes): number {
  // Values and gradients, and the optimizer's state.
  const vectors = FLOAT * countParameters(learned) * (2 + states)
  // Inputs and targets of a step.
  const examples = 2 * FLOAT * batch * length
  // What the backward pass needs of one example: what enters and leaves each half of a layer.
  const activations = stacksOf(model.config).reduce(
    (bytes, { layers, dim, hiddenDim }) => bytes + FLOAT * length * layers * (4 * dim + hiddenDim),
    0,
  )
  return vectors + examples + activations
}

/** Memory that is available, in bytes; where a system does not tell, what it has in all. */
export const availableMemory = (): number =>
  process.platform === 'linux' ? process.availableMemory() : totalmem()

/** Throws UserError with both figures where `what` takes more memory than there is. */
export function expectMemory(
  what: string,
  bytes: number,
  advice: string,
  available = availableMemory(),
): void {
  if (bytes <= available) return
  const gigabytes = (count: number) => `${(count / 1e9).toPrecision(3)} GB`
  throw new UserError(
    `${what} needs at least ${gigabytes(bytes)} of memory, and ${gigabytes(available)} are available; ${advice}`,
  )
}

/** Throws UserError where a model's weights take more memory than there is. */
export const expectWeights = (model: Module): void =>
  expectMemory('this model', weightBytes(model), 'take a smaller one')

/** Throws UserError where so many threads would only wait for each other. */
export function expectThreads(threads: number): void {
  const cores = availableParallelism()
  const most = Math.max(16, 4 * cores)
  if (threads > most)
    throw new UserError(
      `threads is ${threads}, and this machine runs ${cores} at once; give at most ${most}`,
    )
}
