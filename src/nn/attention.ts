import {
  add,
  div,
  exp,
  isFixed,
  matmul,
  max,
  maximum,
  mul,
  reshape,
  rotary,
  type Shape,
  ShapeError,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
} from '../graph/index.ts'
import { attentionMasks, sumOf, type Visibility } from './attention-mask.ts'
import { type Context, dropped, type Source } from './context.ts'
import { type Initializer, zeros } from './initializers.ts'
import { InPlaceCache, type KeysAndValues } from './key-value-cache.ts'
import { Linear } from './linear.ts'
import { Module, Parameter } from './module.ts'
import { RMSNorm } from './norm.ts'

export interface AttentionOptions {
  /** Width of the residual stream. */
  dim: number
  heads: number
  /** Heads of keys and values; fewer than `heads`: grouped queries, one: multi-query attention. */
  kvHeads: number
  headDim: number
  /** A position sees only itself and those before it: see `attentionMasks`. */
  causal: boolean
  /** Sliding window: a position sees only those less than this many away. */
  window?: number
  /** Keys and values come from `context.source`, not from x (cross-attention). */
  cross?: boolean
  /** Which projections have biases. */
  bias: 'none' | 'qkv' | 'all'
  /** RMSNorm of each head's queries and keys (Dehghani et al. 2023), with this epsilon. */
  qkNorm?: number
  /** Factor on the scores; default 1 / sqrt(headDim). */
  scale?: number
  /** Keeps scores within +-softcap: softcap tanh(score / softcap) (Gemma 2, 2024). */
  softcap?: number
  /** Each head has a learned sink (Xiao et al. 2024, learned as in gpt-oss). */
  sinks?: boolean
  dropout: number
  outputInitializer: Initializer
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
    const { heads, kvHeads, headDim, window, cross } = this.#options
    const { cache } = context
    const project = (proj: Linear, norm?: RMSNorm) =>
      perHead(proj.forward(x, context), norm, headDim)
    const q = project(this.qProj, this.qNorm)
    if (cross) return this.#mix(byHead(q, shape, heads, headDim), this.#source(context), x, context)
    const k = project(this.kProj, this.kNorm)
    const v = project(this.vProj)
    const tables = (window !== undefined && context.windowRotary) || context.rotary
    if (cache instanceof InPlaceCache) {
      const { scale = 1 / Math.sqrt(headDim), softcap } = this.#options
      const bias = sumOf(context.attentionBias, context.positionBias)
      const sinks = this.sinks?.tensor
      const sizes = { heads, kvHeads, headDim }
      const options = { ...sizes, scale, softcap, window, bias, sinks, rotary: tables }
      return this.#out(cache.attend(q, k, v, options), context)
    }
    const turned = (x: Tensor, count: number) => {
      const split = byHead(x, shape, count, headDim)
      return tables ? rotary(split, tables.cos, tables.sin) : split
    }
    const own = { keys: turned(k, kvHeads), values: byHead(v, shape, kvHeads, headDim) }
    const { attentionBias: bias, positionBias } = context
    const seen = { ...(cache?.extend(own) ?? own), bias, positionBias }
    return this.#mix(turned(q, heads), seen, x, context)
  }

  /** Keys and values that cross-attention makes of a source, (B, K, S, D) each. */
  sourceKeys({ hidden, shape }: Source, context: Context = {}): KeysAndValues {
    const { kvHeads, headDim } = this.#options
    const heads = (proj: Linear) => byHead(proj.forward(hidden, context), shape, kvHeads, headDim)
    return { keys: heads(this.kProj), values: heads(this.vProj) }
  }

  #source(context: Context): Seen {
    const { source, cache } = context
    if (cache) return cache.source()
    if (!source) throw new Error('cross-attention needs context.source')
    return { ...this.sourceKeys(source, context), bias: source.bias }
  }

  #mix(q: Tensor, { keys, values, ...biases }: Seen, x: Tensor, context: Context): Tensor {
    const { causal, window, scale, softcap, dropout } = this.#options
    const tap = this.tapping(context)
    const [queries, k, v] = tap
      ? [tap('q', q), tap('k', keys), tap('v', values)]
      : [q, keys, values]
    const mixed = attention(queries, k, v, {
      causal,
      window,
      scale,
      softcap,
      sinks: this.sinks?.tensor,
      distances: context.distances,
      ...biases,
      drop: (weights) => dropped(weights, dropout, context),
      tap,
    })
    return this.#out(joined(tap?.('heads', mixed) ?? mixed, x), context)
  }

  #out(mixed: Tensor, context: Context): Tensor {
    return this.tap(context, 'out', this.oProj.forward(mixed, context))
  }
}

interface Seen extends KeysAndValues, Pick<ScoreOptions, 'bias' | 'positionBias'> {}

export interface ScoreOptions
  extends Visibility,
    Partial<Pick<AttentionOptions, 'scale' | 'softcap'>> {
  /** Added to the scores, (B or 1, H, T, S): relative positions. */
  positionBias?: Tensor
  /** (H): for each head the score of a key that is not there; its weight is left out. */
  sinks?: Tensor
  /** Dropout of the attention weights, (B, H, T, S). */
  drop?: (weights: Tensor) => Tensor
  /** Sees the scores and the weights, (B, H, T, S), and may replace them. */
  tap?: (name: 'scores' | 'weights', activation: Tensor) => Tensor
}

/**
 * Scaled dot-product attention, softmax(q kᵀ / sqrt(D)) v.
 * q: (B, H, T, D); k, v: (B, K, S, D) with K dividing H -> (B, H, T, D).
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: ScoreOptions = {}): Tensor {
  const sizes = [q, k].flatMap(({ shape: [, heads, , size] }) => [heads, size])
  if (q.rank !== 4 || k.rank !== 4 || v.rank !== 4 || sizes.some((n) => typeof n !== 'number'))
    throw new ShapeError('attention', [q, k, v], 'needs shapes (B, H, T, D) and (B, K, S, D)')
  const [batch, heads, length, size] = q.shape as [number, number, number, number]
  const [, groups, keys] = k.shape as [number, number, number]
  if (heads % groups !== 0)
    throw new ShapeError('attention', [q, k, v], `${groups} key heads do not divide ${heads} heads`)
  const { scale = 1 / Math.sqrt(size), softcap, sinks, drop, tap } = options
  // Keys that several queries share are not repeated: these queries stand one below the other
  // where sizes are known, else on an axis of their own.
  const each = heads / groups
  const fixed = isFixed(q.shape) && isFixed(k.shape)
  const rows = fixed
    ? [groups, each * length]
    : each === 1
      ? [groups, length]
      : [groups, each, length]
  const beside = (x: Tensor) =>
    fixed || each === 1 ? x : reshape(x, [batch, groups, 1, ...x.shape.slice(2)])
  const whole = [batch, heads, length, keys]
  let scores = matmul(reshape(q, [batch, ...rows, size]), beside(k), { transposeB: true, scale })
  if (softcap !== undefined) scores = mul(tanh(mul(scores, 1 / softcap)), softcap)
  for (const bias of attentionMasks(q, k, options, options.positionBias))
    scores = add(reshape(scores, whole, scores), bias)
  if (sinks || tap) scores = reshape(scores, whole, scores)
  if (tap) scores = tap('scores', scores)
  let weights = sinks ? softmaxWithSinks(scores, sinks) : softmax(scores)
  weights = reshape(weights, whole, weights)
  if (tap) weights = tap('weights', weights)
  if (drop) weights = drop(weights)
  const mixed = matmul(reshape(weights, [batch, ...rows, keys], weights), beside(v))
  return reshape(mixed, [batch, heads, length, v.shape[3] as number], mixed)
}

/** Softmax over the keys and a sink, whose weight is left out. scores: (B, H, T, S). */
function softmaxWithSinks(scores: Tensor, sinks: Tensor): Tensor {
  const sink = reshape(sinks, [1, sinks.shape[0] as number, 1, 1])
  const top = stopGradient(maximum(max(scores, -1, true), sink))
  const weights = exp(sub(scores, top))
  return div(weights, add(sum(weights, -1, true), exp(sub(sink, top))))
}

/** Each head by itself. x: (..., H D). */
function perHead(x: Tensor, norm: RMSNorm | undefined, headDim: number): Tensor {
  if (!norm) return x
  const width = x.shape[x.rank - 1] as number
  const heads = reshape(x, [...x.shape.slice(0, -1), width / headDim, headDim])
  return reshape(norm.forward(heads), x.shape)
}

/** (B T, H D) or (B, T, H D) -> (B, H, T, D); `shape` is (B, T). */
const byHead = (x: Tensor, shape: Shape, heads: number, headDim: number): Tensor =>
  transpose(reshape(x, [...shape, heads, headDim]), [0, 2, 1, 3])

/** (B, H, T, D) -> (B T, H D) or (B, T, H D), as `like` has its rows. */
function joined(x: Tensor, like: Tensor): Tensor {
  const [, heads, , headDim] = x.shape as [number, number, number, number]
  return reshape(transpose(x, [0, 2, 1, 3]), [...like.shape.slice(0, -1), heads * headDim])
}
