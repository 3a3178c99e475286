import { cast, input, type Tensor } from '../../graph/index.ts'
import type { Encoder } from '../../models/encoder.ts'
import { headOf, pool } from '../../models/head.ts'
import { BATCH, byRows, LENGTH, onesOf, positionsOf } from './decoder-graph.ts'

/**
 * From `input_ids`, `attention_mask` and, if the model has token types, `token_type_ids`, (B, T)
 * each: `logits`, (B, N) for a text or (B, T, N) for its tokens; or, for an embedding model,
 * `last_hidden_state` (B, T, C), which the caller pools.
 */
export function encoderGraph(model: Encoder): Record<string, Tensor> {
  const shape = [BATCH, LENGTH]
  const ids = input('input_ids', 'int64', shape)
  const mask = cast(input('attention_mask', 'int64', shape), 'float32')
  const types = model.config.tokenTypes > 1 ? input('token_type_ids', 'int64', shape) : undefined
  const hidden = model.hidden(ids, { mask, types, positions: positionsOf(onesOf(shape, ids)) })
  const { head, task, pooling } = headOf(model)
  if (task === 'embed') return { last_hidden_state: hidden }
  if (task === 'tag') return { logits: head.forward(hidden) }
  if (task !== 'mlm') return { logits: head.forward(pool(hidden, mask, pooling)) }
  const { embedding } = model
  return { logits: byRows(hidden, (rows) => head.forward(rows, { embedding })) }
}
