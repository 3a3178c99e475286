import {
  cast,
  constant,
  cumulativeSum,
  expand,
  input,
  last,
  maximum,
  productOf,
  reshape,
  type Shape,
  skip,
  sub,
  type Tensor,
} from '../../graph/index.ts'
import type { Decoder } from '../../models/decoder.ts'
import type { StackConfig } from '../../models/stack-config.ts'
import { GrowingCache, type KeysAndValues, paddingBias } from '../../nn/index.ts'

/** Dynamic axes, with the names of earlier exporters; transformers.js reads the first. */
export const BATCH = 'batch_size'
export const LENGTH = 'sequence_length'
export const PAST = 'past_sequence_length'
export const TOTAL = 'total_sequence_length'

export interface DecoderGraphOptions {
  /** Takes keys and values of earlier tokens, and returns those of all. */
  cache: boolean
  /** Adds an input `num_logits_to_keep` (): computes logits of so many last tokens; 0: of all. */
  keepLogits: boolean
}

/**
 * Logits (B, T, V) after each of `input_ids` (B, T). With a cache, `past_key_values.N.key` and
 * `.value` (B, kvHeads, P, headDim) are those of the P tokens before, and `attention_mask` is (B, P
 * + T); `present.N.key` and `.value` are those of all. Without one, `input_ids` is the whole text.
 */
export function decoderGraph(
  model: Decoder,
  { cache, keepLogits }: DecoderGraphOptions,
): Record<string, Tensor> {
  const ids = input('input_ids', 'int64', [BATCH, LENGTH])
  const { hidden, ...present } = cache ? cachedGraph(model, ids) : wholeGraph(model, ids)
  const kept = keepLogits
    ? last(hidden, 1, input('num_logits_to_keep', 'int64', []), 'num_logits')
    : hidden
  return { logits: byRows(kept, (rows) => model.logits(rows)), ...present }
}

type Hidden = Record<string, Tensor> & { hidden: Tensor }

function wholeGraph(model: Decoder, ids: Tensor): Hidden {
  const mask = input('attention_mask', 'int64', [BATCH, LENGTH])
  const positions = positionsOf(mask)
  return { hidden: model.hidden(ids, { mask: cast(mask, 'float32'), positions }) }
}

function cachedGraph(model: Decoder, ids: Tensor): Hidden {
  const mask = input('attention_mask', 'int64', [BATCH, TOTAL])
  const past = pastOf(model.config, (layer) => `past_key_values.${layer}`)
  const cache = new GrowingCache({ past, total: TOTAL })
  const keyPositions = positionsOf(mask)
  const hidden = model.hidden(ids, {
    cache,
    keyPositions,
    positions: newOnes(keyPositions, past(0)),
    attentionBias: paddingBias(cast(mask, 'float32')),
  })
  return { hidden, ...presentOf(cache.layers, (layer) => `present.${layer}`) }
}

/** Inputs for the keys and values of earlier tokens, made once for each layer. */
export function pastOf(
  { kvHeads, headDim }: Pick<StackConfig, 'kvHeads' | 'headDim'>,
  name: (layer: number) => string,
  length = PAST,
): (layer: number) => KeysAndValues {
  const shape = [BATCH, kvHeads, length, headDim]
  const made = new Map<number, KeysAndValues>()
  const make = (layer: number): KeysAndValues => ({
    keys: input(`${name(layer)}.key`, 'float32', shape),
    values: input(`${name(layer)}.value`, 'float32', shape),
  })
  return (layer) => {
    const known = made.get(layer) ?? make(layer)
    made.set(layer, known)
    return known
  }
}

/** Keys and values of all tokens, by the names of outputs. */
export const presentOf = (
  layers: readonly KeysAndValues[],
  name: (layer: number) => string,
): Record<string, Tensor> =>
  Object.fromEntries(
    layers.flatMap(({ keys, values }, layer) => [
      [`${name(layer)}.key`, keys],
      [`${name(layer)}.value`, values],
    ]),
  )

/** The positions of the new tokens (B, T), from those of all (B, P + T). */
export const newOnes = (positions: Tensor, past: KeysAndValues): Tensor =>
  skip(positions, 1, { like: past.keys, likeAxis: 2, size: LENGTH })

/** (B, T, C) -> (B, T, N), by a function of rows: (B T, C) -> (B T, N). */
export function byRows(hidden: Tensor, compute: (rows: Tensor) => Tensor): Tensor {
  const axes = hidden.shape.slice(0, -1)
  const width = (t: Tensor) => t.shape[t.rank - 1] as number
  const result = compute(reshape(hidden, [productOf(axes), width(hidden)]))
  return reshape(result, [...axes, width(result)] satisfies Shape, hidden)
}

/** Positions 0, 1, ... in each row of a mask (B, S) of ones and zeros, padding not counted. */
export const positionsOf = (mask: Tensor): Tensor =>
  maximum(sub(cumulativeSum(cast(mask, 'int32'), 1), 1), 0)

/** Ones (B, S), int32, with the sizes of `like`. */
export const onesOf = (shape: Shape, like: Tensor): Tensor =>
  expand(constant(1, [], 'int32'), shape, like)
