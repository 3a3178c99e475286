import { add, at, div, matmul, mul, sqrt, sub, sum, type Tensor } from '../../graph/index.ts'
import { decayed, type Optimizer, stateOf } from './optimizer.ts'

/** Coefficients of the quintic iteration (Jordan et al. 2024). */
const [A, B, C] = [3.4445, -4.775, 2.0315]

/**
 * The nearest semi-orthogonal matrix to x (R, C), about: five Newton-Schulz steps push every
 * singular value towards 1.
 */
function orthogonalized(x: Tensor, steps = 5): Tensor {
  const [rows, columns] = [at(x.shape, 0) as number, at(x.shape, 1) as number]
  let y = div(x, add(sqrt(sum(mul(x, x))), 1e-7))
  for (let i = 0; i < steps; i++) {
    // The Gram matrix is taken on the shorter side.
    const wide = rows <= columns
    const gram = wide ? matmul(y, y, { transposeB: true }) : matmul(y, y, { transposeA: true })
    const mixed = add(mul(gram, B), matmul(gram, gram, { scale: C }))
    y = add(mul(y, A), wide ? matmul(mixed, y) : matmul(y, mixed))
  }
  return y
}

/**
 * Muon (Jordan et al. 2024), for the matrices between embedding and output: the momentum,
 * orthogonalised. The step is scaled to that of AdamW (Liu et al. 2025, 0.2 sqrt(max(R, C))), so
 * that both share one learning rate.
 */
export const muon = ({ momentum = 0.95 } = {}): Optimizer => ({
  name: 'muon',
  state: ['velocity'],
  wholeMatrix: true,
  update({ parameter, gradient, state, learningRate, weightDecay }) {
    const velocity = add(mul(stateOf(state, 'velocity'), momentum), gradient)
    const direction = orthogonalized(add(gradient, mul(velocity, momentum)))
    const size = 0.2 * Math.sqrt(Math.max(...(parameter.shape as number[])))
    const start = decayed(parameter, learningRate, weightDecay)
    return {
      parameter: sub(start, mul(direction, mul(learningRate, size))),
      state: { velocity },
    }
  },
})
