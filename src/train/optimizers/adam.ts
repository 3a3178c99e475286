import { add, div, mul, sqrt, sub } from '../../graph/index.ts'
import { decayed, type Optimizer, stateOf } from './optimizer.ts'

export interface AdamOptions {
  beta1?: number
  beta2?: number
  epsilon?: number
}

/**
 * AdamW (Loshchilov & Hutter 2019): Adam (Kingma & Ba 2015), its weight decay decoupled from the
 * gradient.
 */
export const adamW = (options: AdamOptions = {}): Optimizer => {
  const { beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8 } = options
  return {
    name: 'adamw',
    state: ['mean', 'square'],
    // m / c1 over sqrt(v / c2) + e is m (sqrt(c2) / c1) over sqrt(v) + e sqrt(c2).
    scalars: (step) => {
      const root = Math.sqrt(1 - beta2 ** step)
      return { correction: root / (1 - beta1 ** step), epsilon: epsilon * root }
    },
    update({ parameter, gradient, state, learningRate, weightDecay, scalar }) {
      const mean = add(mul(stateOf(state, 'mean'), beta1), mul(gradient, 1 - beta1))
      const kept = mul(stateOf(state, 'square'), beta2)
      const square = add(kept, mul(mul(gradient, gradient), 1 - beta2))
      const rate = mul(learningRate, scalar('correction'))
      const change = div(mul(mean, rate), add(sqrt(square), scalar('epsilon')))
      const start = decayed(parameter, learningRate, weightDecay)
      return { parameter: sub(start, change), state: { mean, square } }
    },
  }
}

/** Adam (Kingma & Ba 2015); weight decay is L2 in the gradient, not decoupled. */
export const adam = (options: AdamOptions = {}): Optimizer => {
  const inner = adamW(options)
  return {
    ...inner,
    name: 'adam',
    update(inputs) {
      const { parameter, gradient, weightDecay } = inputs
      const decaying = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay))
      return inner.update({ ...inputs, gradient: decaying, weightDecay: 0 })
    },
  }
}
