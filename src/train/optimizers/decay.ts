import { mul, sub, type Tensor } from '../../graph/index.ts'

/** Decoupled weight decay (Loshchilov & Hutter 2019): p (1 - rate decay). */
export const decayed = (parameter: Tensor, learningRate: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(learningRate, weightDecay)))
