import { add, reshape, type Shape, type Tensor } from '../graph/index.ts'
import { Attention, type AttentionOptions } from './attention.ts'
import { type Context, dropped } from './context.ts'
import { FeedForward, type FeedForwardOptions } from './feed-forward.ts'
import { MixtureOfExperts, type MixtureOptions } from './mixture-of-experts.ts'
import { Module } from './module.ts'
import { createNorm, type Norm, type NormOptions } from './norm.ts'

/**
 * Where a part's norm stands: before it, after its sum with the residual stream, or on both its
 * sides.
 */
export type NormPosition = 'pre' | 'post' | 'both'

export interface BlockOptions {
  norm: NormOptions
  normPosition: NormPosition
  attention: AttentionOptions
  /** Attention to another sequence, between the other two parts (decoders of encoder-decoders). */
  crossAttention?: AttentionOptions
  /** Undefined: a layer of attention alone. */
  feedForward: FeedForwardOptions | undefined
  /** Several feed-forward networks, of which each token passes through some. */
  experts?: MixtureOptions
  /** False: nothing is normalized before self-attention (the input was already). */
  firstNorm?: boolean
  /** Rate of dropout on what each part adds to the residual stream. */
  residualDropout: number
  /**
   * Probability that a part is skipped for a whole sequence (stochastic depth, Huang et al. 2016).
   */
  stochasticDepth: number
}

/**
 * A layer of a Transformer (Vaswani et al. 2017): self-attention, at times cross-attention, and
 * mostly a feed-forward network, each added to the residual stream. x: (B T, C) where shapes are
 * fixed, else (B, T, C); the same shape comes back.
 */
export class Block extends Module {
  readonly inputLayernorm: Norm | undefined
  readonly selfAttn: Attention
  readonly selfAttnOutputNorm: Norm | undefined
  readonly crossAttnLayernorm: Norm | undefined
  readonly crossAttn: Attention | undefined
  readonly postAttentionLayernorm: Norm | undefined
  readonly mlp: FeedForward | MixtureOfExperts | undefined
  readonly mlpOutputNorm: Norm | undefined
  readonly #options: BlockOptions

  constructor(options: BlockOptions) {
    super()
    const { attention, crossAttention, feedForward, experts, firstNorm = true } = options
    const norm = () => createNorm(attention.dim, options.norm)
    const outputNorm = () => (options.normPosition === 'both' ? norm() : undefined)
    this.inputLayernorm = firstNorm ? norm() : undefined
    this.selfAttn = new Attention(attention)
    this.selfAttnOutputNorm = outputNorm()
    this.crossAttnLayernorm = crossAttention ? norm() : undefined
    this.crossAttn = crossAttention ? new Attention(crossAttention) : undefined
    this.postAttentionLayernorm = feedForward && norm()
    this.mlp = feedForward && createFeedForward(feedForward, experts)
    this.mlpOutputNorm = feedForward && outputNorm()
    this.#options = options
  }

  /** `shape` is (B, T). */
  forward(x: Tensor, shape: Shape, context: Context): Tensor {
    const { selfAttn, crossAttn, mlp } = this
    const part = (x: Tensor, norm: Norm | undefined, outputNorm: Norm | undefined, inner: Inner) =>
      this.#part(x, { norm, outputNorm, inner, shape, context })
    const before = this.tap(context, 'residual_pre', x)
    let y = part(before, this.inputLayernorm, this.selfAttnOutputNorm, (x) =>
      selfAttn.forward(x, shape, context),
    )
    y = this.tap(context, 'residual_mid', y)
    if (crossAttn) {
      const cross = (x: Tensor) => crossAttn.forward(x, shape, context)
      y = this.tap(context, 'residual_cross', part(y, this.crossAttnLayernorm, undefined, cross))
    }
    if (mlp) {
      const forward = (x: Tensor) => mlp.forward(x, context)
      y = part(y, this.postAttentionLayernorm, this.mlpOutputNorm, forward)
    }
    return this.tap(context, 'residual_post', y)
  }

  #part(x: Tensor, { norm, outputNorm, inner, shape, context }: Part): Tensor {
    const post = this.#options.normPosition === 'post'
    const given = inner(norm && !post ? norm.forward(x) : x)
    const branch = this.#dropped(outputNorm ? outputNorm.forward(given) : given, shape, context)
    const sum = add(x, branch)
    return norm && post ? norm.forward(sum) : sum
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

const createFeedForward = (options: FeedForwardOptions, experts: MixtureOptions | undefined) =>
  experts ? new MixtureOfExperts(experts, options) : new FeedForward(options)

type Inner = (x: Tensor) => Tensor

interface Part {
  norm: Norm | undefined
  outputNorm: Norm | undefined
  inner: Inner
  shape: Shape
  context: Context
}
