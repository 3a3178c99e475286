import { add, mul, sub } from '../../graph/index.ts'
import { decayed, type Optimizer, stateOf, type Update } from './optimizer.ts'

/** Stochastic gradient descent with momentum, and Nesterov's (Sutskever et al. 2013). */
export const sgd = ({ momentum = 0, nesterov = false } = {}): Optimizer => ({
  name: 'sgd',
  state: momentum > 0 ? ['velocity'] : [],
  update({ parameter, gradient, state, learningRate, weightDecay }): Update {
    const start = decayed(parameter, learningRate, weightDecay)
    if (momentum === 0) return { parameter: sub(start, mul(gradient, learningRate)), state: {} }
    const velocity = add(mul(stateOf(state, 'velocity'), momentum), gradient)
    const direction = nesterov ? add(gradient, mul(velocity, momentum)) : velocity
    return { parameter: sub(start, mul(direction, learningRate)), state: { velocity } }
  },
})
