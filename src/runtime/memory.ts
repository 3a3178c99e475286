import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { UserError } from '../errors.ts'
import { sizeOf } from '../graph/index.ts'
import { type Model, stacksOf } from '../models/model.ts'
import type { Module } from '../nn/index.ts'

const FLOAT = 4

/** The least bytes of a model's packed weights: embeddings may stay mapped from their file. */
export function weightBytes(model: Module): number {
  const matrices = [...model.parameters()].filter(
    ([name, { shape }]) => shape.length > 1 && !name.includes('embed'),
  )
  return matrices.reduce((bytes, [, { shape }]) => bytes + FLOAT * sizeOf(shape), 0)
}

export interface TrainingSizes {
  model: Model
  /** Numbers that are learned. */
  learned: number
  /** Vectors of optimizer state, each of as many numbers. */
  states: number
  recompute?: boolean
  /** Examples of a step, accumulation included, and the tokens of each. */
  batch: number
  length: number
}

/** The least bytes of a training, on one thread. */
export function trainingBytes(sizes: TrainingSizes): number {
  const { model, learned, states, batch, length, recompute } = sizes
  // Values, gradients and optimizer state.
  const vectors = FLOAT * learned * (2 + states)
  // Inputs and targets of a step.
  const examples = 2 * FLOAT * batch * length
  // Kept for the backward pass of one example: input and output of each half of a layer, or what
  // a layer reads.
  const activations = stacksOf(model.config).reduce((bytes, { layers, dim, hiddenDim }) => {
    const kept = recompute ? dim : 4 * dim + hiddenDim
    return bytes + FLOAT * length * layers * kept
  }, 0)
  return vectors + examples + activations
}

/** Available memory in bytes; where the system does not report it, all that it has. */
const availableMemory = (): number =>
  process.platform === 'linux' ? process.availableMemory() : totalmem()

/** Throws UserError, with both figures, if `what` needs more memory than is available. */
export function expectMemory(
  what: string,
  bytes: number,
  advice: string,
  available = availableMemory(),
): void {
  if (bytes <= available) return
  const gigabytes = (count: number) => `${(count / 1e9).toPrecision(3)} GB`
  throw new UserError(
    `${what} needs at least ${gigabytes(bytes)} of memory, ` +
      `and ${gigabytes(available)} are available; ${advice}`,
  )
}

/** Throws UserError if a model's weights need more memory than is available. */
export const expectWeights = (model: Module): void =>
  expectMemory('this model', weightBytes(model), 'take a smaller one')

/** Throws UserError if so many threads would only wait for each other. */
export function expectThreads(threads: number): void {
  const cores = availableParallelism()
  const most = Math.max(16, 4 * cores)
  if (threads > most)
    throw new UserError(
      `threads is ${threads}, and this machine runs ${cores} at once; give at most ${most}`,
    )
}

/**
 * Peak resident memory of the process, in bytes. On Linux from /proc, because `maxRSS` includes
 * what the parent process held at the fork.
 */
export function peakMemory(): number {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
  return 1024 * Number(kibibytes ?? process.resourceUsage().maxRSS)
}
