import { MICROSOFT } from '../onnx/emitter.ts'
import { applyAll, at, type Op, ShapeError, type Tensor } from '../tensor.ts'

/** Where the sequences of a batch stand, this step's tokens included. */
export interface CacheLengths {
  /** (batch) int32: tokens of each sequence, less 1. */
  lastPosition: Tensor
  /** () int32: tokens of the longest. */
  total: Tensor
}

export interface CachedAttentionOptions {
  heads: number
  kvHeads: number
  headDim: number
  /** Tables (capacity, D/2) that turn queries and keys; without them the order is not known. */
  rotary?: { cos: Tensor; sin: Tensor }
}

export interface CachedStep {
  output: Tensor
  /** The cache with this step's keys (values) in it; bind it to the memory of the cache given. */
  keys: Tensor
  values: Tensor
}

interface Attrs {
  heads: number
  kvHeads: number
  headDim: number
  rotary: boolean
}

const cachedAttentionOp: Op<Attrs> = {
  name: 'cachedAttention',
  infer: (inputs, { heads, kvHeads, headDim }) => {
    const [q, k, v, keys] = inputs as [Tensor, Tensor, Tensor, Tensor]
    const fits = q.rank === 3 && at(q.shape, 2) === heads * headDim
    if (!fits || [k, v].some((t) => t.rank !== 3 || at(t.shape, 2) !== kvHeads * headDim))
      throw new ShapeError('cachedAttention', [q, k, v], 'needs (batch, length, heads * headDim)')
    const cache = { dtype: keys.dtype, shape: keys.shape }
    return [{ dtype: q.dtype, shape: q.shape }, cache, cache]
  },
  onnx: ({ inputs, outputs, attrs: { heads, kvHeads, rotary } }, emit) => {
    const attributes = { num_heads: heads, kv_num_heads: kvHeads, do_rotary: Number(rotary) }
    emit.node('GroupQueryAttention', inputs, outputs, attributes, MICROSOFT)
  },
}

/**
 * Causal attention of this step's tokens to all before them, with a cache of keys and values that
 * is filled in place. Sequences of the batch may stand at different lengths. Only for inference.
 * q: (batch, length, heads headDim); k, v: (batch, length, kvHeads headDim);
 * past: (batch, kvHeads, capacity, headDim).
 */
export function cachedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  past: { keys: Tensor; values: Tensor },
  { lastPosition, total }: CacheLengths,
  { heads, kvHeads, headDim, rotary }: CachedAttentionOptions,
): CachedStep {
  const inputs = [q, k, v, past.keys, past.values, lastPosition, total]
  if (rotary) inputs.push(rotary.cos, rotary.sin)
  const attrs = { heads, kvHeads, headDim, rotary: rotary !== undefined }
  const [output, keys, values] = applyAll(cachedAttentionOp, inputs, attrs)
  return { output, keys, values } as CachedStep
}
