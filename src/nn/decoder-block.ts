import { add, reshape, type Shape, type Tensor } from '../graph/index.ts'
import { Attention, type AttentionOptions } from './attention.ts'
import { type Context, dropped } from './context.ts'
import { FeedForward, type FeedForwardOptions, GatedFeedForward } from './feed-forward.ts'
import { Module } from './module.ts'
import { createNorm, type NormOptions } from './norm.ts'

export interface DecoderBlockOptions {
  norm: NormOptions
  attention: AttentionOptions
  feedForward: FeedForwardOptions & { gated: boolean }
  /** Rate of dropout on what each half adds to the residual stream. */
  residualDropout: number
  /** Probability that a half is skipped for a whole sequence (stochastic depth, Huang et al. 2016). */
  stochasticDepth: number
}

/**
 * A layer of a decoder with norms before its halves (pre-norm, as in GPT-2 and Llama).
 * x: (B T, C) where shapes are fixed, else (B, T, C); the same shape comes back.
 */
export class DecoderBlock extends Module {
  readonly inputLayernorm: Module & { forward(x: Tensor): Tensor }
  readonly selfAttn: Attention
  readonly postAttentionLayernorm: Module & { forward(x: Tensor): Tensor }
  readonly mlp: FeedForward | GatedFeedForward
  readonly #options: DecoderBlockOptions

  constructor(options: DecoderBlockOptions) {
    super()
    const { norm, attention, feedForward } = options
    this.inputLayernorm = createNorm(attention.dim, norm)
    this.selfAttn = new Attention(attention)
    this.postAttentionLayernorm = createNorm(attention.dim, norm)
    this.mlp = feedForward.gated ? new GatedFeedForward(feedForward) : new FeedForward(feedForward)
    this.#options = options
  }

  /** `shape` is (B, T). */
  forward(x: Tensor, shape: Shape, context: Context): Tensor {
    const attended = this.selfAttn.forward(this.inputLayernorm.forward(x), shape, context)
    const middle = add(x, this.#dropped(attended, shape, context))
    const fed = this.mlp.forward(this.postAttentionLayernorm.forward(middle))
    return add(middle, this.#dropped(fed, shape, context))
  }

  #dropped(branch: Tensor, shape: Shape, context: Context): Tensor {
    const { residualDropout, stochasticDepth } = this.#options
    const thinned = dropped(branch, residualDropout, context)
    if (!context.random || stochasticDepth === 0) return thinned
    const [batch, length] = shape as [number, number]
    const bySequence = reshape(thinned, [batch, length, this.#options.attention.dim])
    return reshape(dropped(bySequence, stochasticDepth, context, [batch, 1, 1]), thinned.shape)
  }
}
