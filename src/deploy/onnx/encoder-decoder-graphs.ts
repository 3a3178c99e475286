import { cast, concat, input, skip, type Tensor } from '../../graph/index.ts'
import type { EncoderDecoder } from '../../models/encoder-decoder.ts'
import { GrowingCache, paddingBias, type SourceKeys } from '../../nn/index.ts'
import {
  BATCH,
  byRows,
  LENGTH,
  newOnes,
  onesOf,
  PAST,
  pastOf,
  positionsOf,
  presentOf,
  TOTAL,
} from './decoder-graph.ts'

const SOURCE = 'encoder_sequence_length'
const PAST_SOURCE = 'past_encoder_sequence_length'

/** `input_ids`, `attention_mask` (B, S) -> `last_hidden_state` (B, S, C). */
export function sourceGraph(model: EncoderDecoder): Record<string, Tensor> {
  const shape = [BATCH, SOURCE]
  const ids = input('input_ids', 'int64', shape)
  const mask = cast(input('attention_mask', 'int64', shape), 'float32')
  const { hidden } = model.encode(ids, { mask, positions: positionsOf(onesOf(shape, ids)) })
  return { last_hidden_state: hidden }
}

/**
 * Logits (B, T, V) after each of `input_ids` (B, T), given `encoder_hidden_states` (B, S, C) and
 * `encoder_attention_mask` (B, S). With a cache, `past_key_values.N.decoder.key` and the like are
 * those of earlier tokens, `past_key_values.N.encoder.key` those of the source. The latter are
 * computed if they are empty, as at the first step: one graph serves all steps, without a branch.
 */
export function writerGraph(
  model: EncoderDecoder,
  { cache: isCached }: { cache: boolean },
): Record<string, Tensor> {
  const ids = input('input_ids', 'int64', [BATCH, LENGTH])
  const { decoder, encoder } = model.config
  const hidden = input('encoder_hidden_states', 'float32', [BATCH, SOURCE, encoder.dim])
  const mask = cast(input('encoder_attention_mask', 'int64', [BATCH, SOURCE]), 'float32')
  const logits = (hidden: Tensor) => byRows(hidden, (rows) => model.logits(rows))
  if (!isCached) {
    const source = { hidden, shape: [BATCH, SOURCE], bias: paddingBias(mask) }
    const positions = positionsOf(onesOf([BATCH, LENGTH], ids))
    return { logits: logits(model.hidden(ids, { source, positions })) }
  }
  const past = pastOf(decoder, (layer) => `past_key_values.${layer}.decoder`)
  const sources = sourcesOf(model, hidden, mask)
  const cache = new GrowingCache({ past, total: TOTAL, sources })
  const before = onesOf([BATCH, PAST], past(0).keys)
  const keyPositions = positionsOf(concat([before, onesOf([BATCH, LENGTH], ids)], 1, TOTAL))
  const positions = newOnes(keyPositions, past(0))
  return {
    logits: logits(model.hidden(ids, { cache, keyPositions, positions })),
    ...presentOf(cache.layers, (layer) => `present.${layer}.decoder`),
    ...presentOf(sources, (layer) => `present.${layer}.encoder`),
  }
}

/** Each layer's keys and values of the source: the given ones, and those of the rest. */
function sourcesOf(model: EncoderDecoder, hidden: Tensor, mask: Tensor): SourceKeys[] {
  const past = pastOf(
    model.config.decoder,
    (layer) => `past_key_values.${layer}.encoder`,
    PAST_SOURCE,
  )
  const size = 'rest_of_encoder_sequence_length'
  const rest = skip(hidden, 1, { like: past(0).keys, likeAxis: 2, size })
  const bias = paddingBias(mask)
  return model.sourceKeys({ hidden: rest, shape: [BATCH, size] }).map((made, layer) => ({
    keys: concat([past(layer).keys, made.keys], 2, SOURCE),
    values: concat([past(layer).values, made.values], 2, SOURCE),
    bias,
  }))
}
