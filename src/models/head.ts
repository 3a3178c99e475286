import {
  add,
  cast,
  cumulativeSum,
  div,
  equal,
  linear,
  matmul,
  maximum,
  mul,
  reshape,
  type Shape,
  sqrt,
  sum,
  type Tensor,
} from '../graph/index.ts'
import {
  ACTIVATIONS,
  type Context,
  createNorm,
  dropped,
  Linear,
  Module,
  type Norm,
  Parameter,
  zeros,
} from '../nn/index.ts'
import { type HeadConfig, outputsOf } from './head-config.ts'
import type { StackConfig } from './stack-config.ts'

/**
 * From hidden states to labels, numbers or tokens: a layer as wide as the model at most, and an
 * output.
 */
export class Head extends Module {
  readonly dense: Linear | undefined
  readonly norm: Norm | undefined
  readonly output: Linear | undefined
  /** Of an output whose weight is the embedding, (V). */
  readonly bias: Parameter | undefined
  readonly #config: HeadConfig
  readonly #dropout: number

  constructor(head: HeadConfig, config: StackConfig) {
    super()
    const { dim, norm: kind, normEpsilon: epsilon, normBias: bias, vocabSize } = config
    const outputs = outputsOf(head)
    this.dense = head.dense ? new Linear(dim, dim, { bias: head.denseBias }) : undefined
    this.norm = head.norm ? createNorm(dim, { kind, epsilon, bias }) : undefined
    this.output = outputs ? new Linear(dim, outputs, { bias: head.outputBias }) : undefined
    const tied = head.task === 'mlm' && head.outputBias
    this.bias = tied ? new Parameter([vocabSize], zeros) : undefined
    this.#config = head
    this.#dropout = config.residualDropout
  }

  /** x: (N, C) -> (N, outputs), or (N, V) with the weight (V, C) of the embedding. */
  forward(x: Tensor, { embedding, ...context }: Context & { embedding?: Tensor } = {}): Tensor {
    const hidden = this.hidden(x, context)
    const { output } = this
    if (!output && !embedding) return hidden
    const logits = output
      ? output.forward(dropped(hidden, this.#dropout, context), context)
      : linear(hidden, embedding as Tensor, this.bias?.tensor)
    return this.tap(context, 'logits', logits)
  }

  /** What the output layer reads. x: (..., C) -> (..., C). */
  hidden(x: Tensor, context: Context = {}): Tensor {
    const { dense } = this.#config
    const wide = this.dense && dense ? ACTIVATIONS[dense](this.dense.forward(x, context)) : x
    return this.norm ? this.norm.forward(wide) : wide
  }
}

/** One vector for each text. hidden: (B T, C) or (B, T, C), mask: (B, T) -> (B, C). */
export function pool(hidden: Tensor, mask: Tensor, pooling: HeadConfig['pooling']): Tensor {
  const [batch, length] = mask.shape as [number, number]
  const dim = hidden.shape[hidden.rank - 1] as number
  const weights = reshape(poolingWeights(mask, pooling), [batch, 1, length] satisfies Shape, mask)
  const tokens = reshape(hidden, [batch, length, dim], mask)
  return reshape(matmul(weights, tokens), [batch, dim], mask)
}

/** (B, T) weights of the tokens, 0 for padding. */
function poolingWeights(mask: Tensor, pooling: HeadConfig['pooling']): Tensor {
  const count = sum(mask, 1, true)
  if (pooling === 'mean') return div(mask, maximum(count, 1))
  const position = cumulativeSum(mask, 1)
  const chosen = equal(position, pooling === 'first' ? 1 : count)
  return mul(cast(chosen, mask.dtype), mask)
}

/** Vectors of length 1. x: (N, C). */
export const normalized = (x: Tensor): Tensor => div(x, sqrt(add(sum(mul(x, x), 1, true), 1e-24)))

/** A model's head, and what it is for. Throws where it has none but that of the next token. */
export function headOf({ head, config }: HeadedModel): { head: Head } & HeadConfig {
  if (!head || !config.head) throw new Error('this model has no head but that of the next token')
  return { head, ...config.head }
}

interface HeadedModel {
  readonly head: Head | undefined
  readonly config: { readonly head?: HeadConfig }
}

/**
 * One vector for each text, (B, C), of length 1 where the head says so. mask: (B, T), 1 for the
 * tokens that are pooled.
 */
export function vectorsOf(
  model: HeadedModel,
  hidden: Tensor,
  mask: Tensor,
  context: Context = {},
): Tensor {
  const { head, pooling, normalized: unit } = headOf(model)
  const vectors = head.hidden(pool(hidden, mask, pooling), context)
  return unit ? normalized(vectors) : vectors
}

/**
 * What a head makes of texts, by its task: a row of numbers for each text (B, N), or for each token
 * of `tag` and `mlm`. `pooled`: (B, T), 1 for the tokens that make a vector; default: the mask.
 */
export function headOutput(
  model: HeadedModel & { readonly embedding?: Tensor },
  hidden: Tensor,
  { mask, pooled = mask, ...context }: Context & { mask: Tensor; pooled?: Tensor },
): Tensor {
  const { head, task, pooling } = headOf(model)
  if (task === 'embed') return vectorsOf(model, hidden, pooled, context)
  if (task === 'mlm' || task === 'tag')
    return head.forward(hidden, { embedding: model.embedding, ...context })
  return head.forward(pool(hidden, mask, pooling), context)
}
