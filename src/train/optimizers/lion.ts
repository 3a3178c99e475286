import { add, mul, sign, sub, type Tensor } from '../../graph/index.ts'
import { decayed, type Optimizer, stateOf } from './optimizer.ts'

/** Lion (Chen et al. 2023): steps of one size, in the sign of an interpolated momentum. */
export const lion = ({ beta1 = 0.9, beta2 = 0.99 } = {}): Optimizer => ({
  name: 'lion',
  state: ['momentum'],
  update({ parameter, gradient, state, learningRate, weightDecay }) {
    // b m + (1 - b) g for both betas. The old momentum may be read only once, so the mean of the
    // smaller beta follows from that of the larger: their quotient is at most 1, and never of 0.
    const mean = (previous: Tensor, beta: number) =>
      add(mul(previous, beta), mul(gradient, 1 - beta))
    const larger = Math.max(beta1, beta2)
    const slow = mean(stateOf(state, 'momentum'), larger)
    const fast = mean(slow, larger === 0 ? 0 : Math.min(beta1, beta2) / larger)
    const [mixed, momentum] = beta1 < beta2 ? [fast, slow] : [slow, fast]
    const start = decayed(parameter, learningRate, weightDecay)
    return { parameter: sub(start, mul(sign(mixed), learningRate)), state: { momentum } }
  },
})
