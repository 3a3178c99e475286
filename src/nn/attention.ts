import {
  attention,
  cachedAttention,
  cachedHeadDim,
  input,
  reshape,
  rotary,
  type Shape,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import { type CacheContext, type Context, dropped } from './context.ts'
import type { Initializer } from './initializers.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'

export interface AttentionOptions {
  dim: number
  heads: number
  /** Heads of keys and values: fewer than `heads` is grouped-query attention. */
  kvHeads: number
  headDim: number
  bias: boolean
  dropout: number
  outputInitializer: Initializer
}

/**
 * Causal multi-head self-attention with grouped queries (Vaswani et al. 2017; Ainslie et al. 2023).
 * x: (B, T, C) -> (B, T, C).
 */
export class Attention extends Module {
  readonly qProj: Linear
  readonly kProj: Linear
  readonly vProj: Linear
  readonly oProj: Linear
  readonly #options: AttentionOptions

  constructor(options: AttentionOptions) {
    super()
    const { dim, heads, kvHeads, headDim, bias, outputInitializer } = options
    this.qProj = new Linear(dim, heads * headDim, { bias })
    this.kProj = new Linear(dim, kvHeads * headDim, { bias })
    this.vProj = new Linear(dim, kvHeads * headDim, { bias })
    this.oProj = new Linear(heads * headDim, dim, { bias, initializer: outputInitializer })
    this.#options = options
  }

  /** x: (B T, C) where shapes are fixed, else (B, T, C); `shape` is (B, T). */
  forward(x: Tensor, shape: Shape, context: Context): Tensor {
    const [q, k, v] = [this.qProj, this.kProj, this.vProj].map((proj) => proj.forward(x))
    const mixed = context.cache
      ? this.#cached(q as Tensor, k as Tensor, v as Tensor, context.cache, context)
      : this.#full(q as Tensor, k as Tensor, v as Tensor, shape, context)
    return this.oProj.forward(mixed)
  }

  #full(q: Tensor, k: Tensor, v: Tensor, shape: Shape, context: Context): Tensor {
    const { heads, kvHeads, headDim, dropout } = this.#options
    const { rotary: tables, attentionBias: bias } = context
    const byHead = (x: Tensor, count: number) =>
      transpose(reshape(x, [...shape, count, headDim]), [0, 2, 1, 3])
    const turned = (x: Tensor) => (tables ? rotary(x, tables.cos, tables.sin) : x)
    const mixed = attention(
      turned(byHead(q, heads)),
      turned(byHead(k, kvHeads)),
      byHead(v, kvHeads),
      { causal: true, bias, weightsHook: (weights) => dropped(weights, dropout, context) },
    )
    return reshape(transpose(mixed, [0, 2, 1, 3]), [...q.shape.slice(0, -1), heads * headDim])
  }

  #cached(q: Tensor, k: Tensor, v: Tensor, cache: CacheContext, context: Context): Tensor {
    const { heads, kvHeads, headDim } = this.#options
    const size = cachedHeadDim(headDim, context.rotary !== undefined)
    const shape = ['batch', kvHeads, 'capacity', size]
    const path = `cache.${cache.layers.length}`
    const past = {
      keys: input(`${path}.keys`, 'float32', shape),
      values: input(`${path}.values`, 'float32', shape),
    }
    const sizes = { heads, kvHeads, headDim }
    const step = cachedAttention(q, k, v, past, cache, { ...sizes, rotary: context.rotary })
    cache.layers.push(step)
    return step.output
  }
}
