import {
  cast,
  constant,
  div,
  equal,
  expand,
  gather,
  greater,
  mean,
  mul,
  nonZero,
  productOf,
  reshape,
  type Shape,
  scatterRows,
  softmax,
  sum,
  type Tensor,
  topK,
  where,
} from '../graph/index.ts'
import type { Context } from './context.ts'
import { FeedForward, type FeedForwardOptions } from './feed-forward.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'

export interface MixtureOptions {
  /** Feed-forward networks of the layer. */
  count: number
  /** Of which each token passes through so many. */
  perToken: number
  /** The weights of a token's experts add up to 1. */
  normalized: boolean
}

/**
 * Mixture of experts (Shazeer et al. 2017; Fedus et al. 2022): a router picks for each token the
 * feed-forward networks that it passes through, and adds up what they give. No token is left out.
 * x: (..., C) -> (..., C).
 */
export class MixtureOfExperts extends Module {
  readonly gate: Linear
  readonly experts: FeedForward[]
  readonly #options: MixtureOptions

  constructor(options: MixtureOptions, expert: FeedForwardOptions) {
    super()
    this.gate = new Linear(expert.dim, options.count)
    this.experts = Array.from({ length: options.count }, () => new FeedForward(expert))
    this.#options = options
  }

  forward(x: Tensor, context: Context = {}): Tensor {
    const rows: Shape = [productOf(x.shape.slice(0, -1)), x.shape[x.rank - 1] as number]
    const tokens = reshape(x, rows)
    const { weights, chosen, probabilities } = this.#route(tokens, context)
    context.losses?.push(this.#balance(chosen, probabilities))
    let total = expand(constant(0, [], x.dtype), rows, tokens)
    for (const [i, expert] of this.experts.entries()) {
      const mine = equal(chosen, i)
      const share = sum(where(mine, weights, 0), 1)
      // Each expert sees its own tokens only, as many as there happen to be.
      const positions = nonZero(greater(share, 0), `${this.gate.weight.name}[${i}]`)
      const given = expert.forward(gather(tokens, positions), context)
      const weighted = mul(given, reshape(gather(share, positions), [...positions.shape, 1]))
      total = scatterRows(total, positions, weighted)
    }
    return this.tap(context, 'out', reshape(total, x.shape, x))
  }

  /**
   * Weights and numbers of each token's experts, (N, perToken); probabilities of all, (N, count).
   */
  #route(tokens: Tensor, context: Context) {
    const { perToken, normalized } = this.#options
    const routed = softmax(this.gate.forward(tokens, context))
    const probabilities = this.tap(context, 'probabilities', routed)
    const { values, indices } = topK(probabilities, perToken)
    const chosen = cast(indices, 'int32')
    const weights = normalized ? div(values, sum(values, 1, true)) : values
    return { weights, chosen, probabilities }
  }

  /**
   * Load-balancing loss (Fedus et al. 2022, equation 4): the number of experts, times the sum over
   * them of the share of tokens that pass through one, times its mean probability. `perToken` where
   * all is even, as in Mixtral.
   */
  #balance(chosen: Tensor, probabilities: Tensor): Tensor {
    const { count } = this.#options
    const numbers = constant(
      Array.from({ length: count }, (_, i) => i),
      [count],
      'int32',
    )
    const hits = cast(equal(reshape(chosen, [...chosen.shape, 1]), numbers), 'float32')
    const load = mean(sum(hits, 1), 0)
    return mul(sum(mul(load, mean(probabilities, 0))), count)
  }
}
