import { add, mul, sign, sub } from '../../graph/index.ts'
import { decayed } from './decay.ts'
import { type Optimizer, stateOf } from './optimizer.ts'

/** Lion (Chen et al. 2023): steps of one size, in the sign of an interpolated momentum. */
export const lion = ({ beta1 = 0.9, beta2 = 0.99 } = {}): Optimizer => ({
  name: 'lion',
  state: ['momentum'],
  update({ parameter, gradient, state, learningRate, weightDecay }) {
    const old = stateOf(state, 'momentum')
    const direction = sign(add(mul(old, beta1), mul(gradient, 1 - beta1)))
    const momentum = add(mul(old, beta2), mul(gradient, 1 - beta2))
    const start = decayed(parameter, learningRate, weightDecay)
    return { parameter: sub(start, mul(direction, learningRate)), state: { momentum } }
  },
})
