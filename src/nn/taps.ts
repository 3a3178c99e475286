import type { Tensor } from '../graph/index.ts'
import type { Context } from './context.ts'
import type { Module } from './module.ts'

/**
 * Sees an activation, and gives it back or another of its shape in its place. `path` is that of the
 * part of the model, then a dot and one of `ActivationName`; of a linear layer's output, the path
 * of the layer. `x`: what that layer multiplied.
 */
export type Tap = (path: string, activation: Tensor, site: TapSite) => Tensor

export interface TapSite {
  x?: Tensor
  context: Context
}

/**
 * What taps see. B: sequences, T: tokens, S: tokens that are attended to, H: heads, K: heads of
 * keys, D: their size, C: width of the residual stream, V: tokens of the vocabulary. Activations of
 * (B T, C) are (B, T, C) where lengths are dynamic. With an `InPlaceCache` attention is one kernel,
 * and `q`, `k`, `v`, `scores`, `weights` and `heads` are not seen.
 */
export interface Activations {
  /** Of a stack: `model`; of an encoder-decoder `model.encoder` and `model.decoder`. */
  stack:
    | 'embedding' // (B T, C) of tokens, positions and types: what the first layer reads
    | 'norm' // (B T, C) what the stack gives, behind its last norm
  /** Of a layer, such as `model.layers.3`: the residual stream, (B T, C). */
  layer:
    | 'residual_pre' // before the layer
    | 'residual_mid' // behind self-attention
    | 'residual_cross' // behind cross-attention
    | 'residual_post' // behind the layer
  /** Of `self_attn` and `cross_attn`. */
  attention:
    | 'q' // (B, H, T, D) normalized and rotated
    | 'k' // (B, K, S, D) likewise
    | 'v' // (B, K, S, D)
    | 'scores' // (B, H, T, S) with masks and biases, before the softmax
    | 'weights' // (B, H, T, S) behind the softmax, before dropout
    | 'heads' // (B, H, T, D) mixed values of each head
    | 'out' // (B T, C) what is added to the residual stream
  /** Of `mlp`; of an expert `mlp.experts.2`, whose tokens are those that pass through it. */
  mlp:
    | 'hidden' // (B T, hiddenDim) behind the activation and the gate
    | 'out' // (B T, C) what is added to the residual stream
    | 'probabilities' // (B T, experts) of the router, where there are experts
  /** Of every linear layer: its matrix, (out, in), dequantized where it is quantized. */
  linear: 'weight'
  /** Of a writing model, as `logits`, and of a head, as `head.logits`. */
  output: 'logits' // (B T, V), or as many as there are labels for each text or word
}

export type ActivationName = Activations[keyof Activations]

/** What `build` makes while no layer of `model` has taps: graphs of the model without adapters. */
export function withoutTaps<T>(model: Module, build: () => T): T {
  const kept = [model, ...model.modules().values()].map(({ taps }) => [taps, [...taps]] as const)
  try {
    for (const [taps] of kept) taps.clear()
    return build()
  } finally {
    for (const [taps, all] of kept) for (const tap of all) taps.add(tap)
  }
}
