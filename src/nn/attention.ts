import {
  add,
  attention,
  reshape,
  rotary,
  type Shape,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import { type Context, dropped, type RotaryTables, type Source } from './context.ts'
import { type Initializer, zeros } from './initializers.ts'
import { Linear } from './linear.ts'
import { Module, Parameter } from './module.ts'
import { RMSNorm } from './norm.ts'

export interface AttentionOptions {
  /** Width of the residual stream. */
  dim: number
  heads: number
  /**
   * Heads of keys and values: fewer than `heads` is grouped-query, one is multi-query attention.
   */
  kvHeads: number
  headDim: number
  /** Positions see only what comes before them. */
  causal: boolean
  /** Keys and values come from `context.source`, not from x (cross-attention). */
  cross?: boolean
  /** Which projections have biases. */
  bias: 'none' | 'qkv' | 'all'
  /** RMSNorm of each head's queries and keys (Dehghani et al. 2023), with this epsilon. */
  qkNorm?: number
  /** Factor on the scores; default 1 / sqrt(headDim). */
  scale?: number
  /** Bound of the scores. */
  softcap?: number
  /** Sliding window, as for `attention` of the graph. */
  window?: number
  /** Each head has a learned sink. */
  sinks?: boolean
  dropout: number
  outputInitializer: Initializer
}

/**
 * Queries, keys and values of one step, (B, T, heads headDim) each, and how they are to be mixed.
 */
export interface AttentionStep extends Pick<AttentionOptions, 'heads' | 'kvHeads' | 'headDim'> {
  q: Tensor
  k: Tensor
  v: Tensor
  scale: number
  softcap?: number
  window?: number
  sinks?: Tensor
  rotary?: RotaryTables
  /** Added to the scores: hides places, and says how far they are. */
  bias?: Tensor
}

/**
 * Multi-head attention (Vaswani et al. 2017) with grouped queries (Ainslie et al. 2023): of a
 * sequence to itself, or to another. x: (B, T, C) -> (B, T, C).
 */
export class Attention extends Module {
  readonly qProj: Linear
  readonly kProj: Linear
  readonly vProj: Linear
  readonly oProj: Linear
  readonly qNorm: RMSNorm | undefined
  readonly kNorm: RMSNorm | undefined
  /** (heads) */
  readonly sinks: Parameter | undefined
  readonly #options: AttentionOptions

  constructor(options: AttentionOptions) {
    super()
    const { dim, heads, kvHeads, headDim, qkNorm: epsilon, outputInitializer } = options
    const bias = options.bias !== 'none'
    const output = { bias: options.bias === 'all', initializer: outputInitializer }
    this.qProj = new Linear(dim, heads * headDim, { bias })
    this.kProj = new Linear(dim, kvHeads * headDim, { bias })
    this.vProj = new Linear(dim, kvHeads * headDim, { bias })
    this.oProj = new Linear(heads * headDim, dim, output)
    this.qNorm = epsilon === undefined ? undefined : new RMSNorm(headDim, { epsilon })
    this.kNorm = epsilon === undefined ? undefined : new RMSNorm(headDim, { epsilon })
    this.sinks = options.sinks ? new Parameter([heads], zeros) : undefined
    this.#options = options
  }

  /** x: (B T, C) where shapes are fixed, else (B, T, C); `shape` is (B, T). */
  forward(x: Tensor, shape: Shape, context: Context): Tensor {
    const { heads, headDim, cross } = this.#options
    if (cross) {
      const q = byHead(this.qProj.forward(x, context), shape, heads, headDim)
      return this.oProj.forward(this.#mixSource(q, x, context), context)
    }
    const q = this.#normalized(this.qProj.forward(x, context), this.qNorm)
    const k = this.#normalized(this.kProj.forward(x, context), this.kNorm)
    const v = this.vProj.forward(x, context)
    const mixed = context.cache
      ? context.cache.attend(this.#step(q, k, v, context))
      : this.#full(q, k, v, shape, context)
    return this.oProj.forward(mixed, context)
  }

  /** Keys and values that cross-attention makes of a source, (B, K, S, D) each. */
  sourceKeys({ hidden, shape }: Source, context: Context = {}): { keys: Tensor; values: Tensor } {
    const { kvHeads, headDim } = this.#options
    const heads = (proj: Linear) => byHead(proj.forward(hidden, context), shape, kvHeads, headDim)
    return { keys: heads(this.kProj), values: heads(this.vProj) }
  }

  #full(q: Tensor, k: Tensor, v: Tensor, shape: Shape, context: Context): Tensor {
    const { heads, kvHeads, headDim, causal, window, dropout } = this.#options
    const { rotary: tables, bias, scale, softcap, sinks } = this.#step(q, k, v, context)
    const turned = (x: Tensor) => (tables ? rotary(x, tables.cos, tables.sin) : x)
    // The length is open, or the graph's own mask hides what comes later.
    const open = typeof shape[1] === 'string'
    const mixed = attention(
      turned(byHead(q, shape, heads, headDim)),
      turned(byHead(k, shape, kvHeads, headDim)),
      byHead(v, shape, kvHeads, headDim),
      {
        scale,
        softcap,
        sinks,
        ...(open ? {} : { causal, window }),
        bias,
        weightsHook: (weights) => dropped(weights, dropout, context),
      },
    )
    return joined(mixed, q)
  }

  #mixSource(q: Tensor, x: Tensor, context: Context): Tensor {
    const { source, cache } = context
    if (!source && !cache?.source) throw new Error('cross-attention needs context.source')
    const { keys, values, bias } = cache?.source?.() ?? {
      ...this.sourceKeys(source as Source, context),
      bias: source?.bias,
    }
    const { scale, dropout } = this.#options
    const weightsHook = (weights: Tensor) => dropped(weights, dropout, context)
    return joined(attention(q, keys, values, { scale, bias, weightsHook }), x)
  }

  #step(q: Tensor, k: Tensor, v: Tensor, context: Context): AttentionStep {
    const { heads, kvHeads, headDim, softcap, window } = this.#options
    const { scale = 1 / Math.sqrt(headDim) } = this.#options
    return {
      q,
      k,
      v,
      heads,
      kvHeads,
      headDim,
      scale,
      softcap,
      window,
      sinks: this.sinks?.tensor,
      rotary: (window !== undefined && context.windowRotary) || context.rotary,
      bias: sumOf(
        (window !== undefined && context.windowBias) || context.attentionBias,
        context.positionBias,
      ),
    }
  }

  /** Each head by itself. */
  #normalized(x: Tensor, norm: RMSNorm | undefined): Tensor {
    if (!norm) return x
    const { headDim } = this.#options
    const width = x.shape[x.rank - 1] as number
    const heads = reshape(x, [...x.shape.slice(0, -1), width / headDim, headDim])
    return reshape(norm.forward(heads), x.shape)
  }
}

/** (B T, H D) or (B, T, H D) -> (B, H, T, D); `shape` is (B, T). */
export const byHead = (x: Tensor, shape: Shape, heads: number, headDim: number): Tensor =>
  transpose(reshape(x, [...shape, heads, headDim]), [0, 2, 1, 3])

/** (B, H, T, D) -> (B T, H D) or (B, T, H D), as `like` has its rows. */
export function joined(x: Tensor, like: Tensor): Tensor {
  const [, heads, , headDim] = x.shape as [number, number, number, number]
  return reshape(transpose(x, [0, 2, 1, 3]), [...like.shape.slice(0, -1), heads * headDim])
}

const sumOf = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined =>
  a && b ? add(a, b) : (a ?? b)
