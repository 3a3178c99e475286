import { MICROSOFT } from '../onnx/emitter.ts'
import { applyAll, at, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { pad, reshape, slice } from './shape.ts'

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
  /** Tables (context, D/2) that turn queries and keys; without them the order is not known. */
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
  scale: number
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
  onnx: ({ inputs, outputs, attrs: { heads, kvHeads, rotary, scale } }, emit) => {
    const attributes = {
      num_heads: heads,
      kv_num_heads: kvHeads,
      do_rotary: Number(rotary),
      scale: { float: scale },
    }
    emit.node('GroupQueryAttention', inputs, outputs, attributes, MICROSOFT)
  },
}

/** What the kernel takes: a whole head, or each half of one that turns, in steps of this many. */
const HEAD_STEP = 8

/** Elements of a head in the cache: heads of other sizes than the kernel takes have zeros added. */
export function cachedHeadDim(headDim: number, rotary: boolean): number {
  const parts = rotary ? 2 : 1
  return HEAD_STEP * parts * Math.ceil(headDim / parts / HEAD_STEP)
}

/**
 * Causal attention of this step's tokens to all before them, with a cache of keys and values that
 * is filled in place. Sequences of the batch may stand at different lengths; several tokens of a
 * sequence that has tokens in the cache already only go with a batch of 1. Only for inference.
 * q: (batch, length, heads headDim); k, v: (batch, length, kvHeads headDim);
 * past: (batch, kvHeads, capacity, cachedHeadDim).
 */
export function cachedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  past: { keys: Tensor; values: Tensor },
  { lastPosition, total }: CacheLengths,
  { heads, kvHeads, headDim, rotary }: CachedAttentionOptions,
): CachedStep {
  const parts = rotary ? 2 : 1
  const size = headDim / parts
  const added = cachedHeadDim(headDim, rotary !== undefined) / parts - size
  const padded = (x: Tensor): Tensor => {
    const [batch, length, width] = x.shape as [string, string, number]
    const split = reshape(x, [batch, length, width / size, size])
    return reshape(pad(split, 3, 0, added), [batch, length, (width / size) * (size + added)])
  }
  const attrs = {
    heads,
    kvHeads,
    headDim: headDim + parts * added,
    rotary: rotary !== undefined,
    scale: 1 / Math.sqrt(headDim),
  }
  const inputs = [padded(q), padded(k), padded(v), past.keys, past.values, lastPosition, total]
  if (rotary) inputs.push(pad(rotary.cos, 1, 0, added), pad(rotary.sin, 1, 0, added))
  const [output, keys, values] = applyAll(cachedAttentionOp, inputs, attrs) as Outputs
  const [batch, length] = q.shape as [string, string]
  const split = reshape(output, [batch, length, heads * parts, size + added])
  return { output: reshape(slice(split, 3, 0, size), q.shape), keys, values }
}

type Outputs = [output: Tensor, keys: Tensor, values: Tensor]
