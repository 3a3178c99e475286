import { add, mul, sign, sub } from '../../graph/index.ts'
import { decayed } from './decay.ts'
import { type Optimizer, stateOf } from './optimizer.ts'

/** Lion (Chen et al. 2023): steps of one size, in the sign of an interpolated momentum. */
export const lion = ({ beta1 = 0.9, beta2 = 0.99 } = {}): Optimizer => ({
  name: 'lion',
  state: ['momentum'],
  update({ parameter, gradient, state, learningRate, weightDecay }) {
    const mixed = add(mul(stateOf(state, 'momentum'), beta1), mul(gradient, 1 - beta1))
    // beta2 m + (1 - beta2) g, from `mixed`: the old momentum may be read but once.
    const kept = beta2 / beta1
    const momentum = add(mul(mixed, kept), mul(gradient, 1 - kept))
    const start = decayed(parameter, learningRate, weightDecay)
    return { parameter: sub(start, mul(sign(mixed), learningRate)), state: { momentum } }
  },
})
