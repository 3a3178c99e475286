import { UserError } from '../../errors.ts'
import { DTYPES } from '../dtype.ts'
import { type Emitter, MICROSOFT } from '../onnx/emitter.ts'
import { applyAll, at, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { reshape } from './broadcast.ts'
import { pad, slice } from './shape.ts'

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
  /** Tables (context, D/2) that turn queries and keys. */
  rotary?: { cos: Tensor; sin: Tensor }
  /** Factor on the scores; default 1 / sqrt(headDim). */
  scale?: number
  /** Bound of the scores, as for `attention`. */
  softcap?: number
  /** Sliding window: tokens that one sees at most, itself among them. */
  window?: number
  /** Added to the scores, (1 or batch, 1 or heads, length, places) for `total` places or more. */
  bias?: Tensor
  /** (heads): a score for each head that takes its share of the weight, as for `attention`. */
  sinks?: Tensor
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
  /** 0: none. */
  softcap: number
  window: number
  biased: boolean
  sinks: boolean
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
  onnx: ({ inputs, outputs, attrs }, emit) => {
    if (emit.target === 'webgpu' && attrs.softcap > 0)
      throw new UserError(
        'on WebGPU, attention with a cache cannot bound its scores (softcap); use the engine ' +
          'cpu or wasm',
      )
    const [given, optional] = [inputs.slice(0, 7), inputs.slice(7)]
    const next = (wanted: boolean) => (wanted ? optional.shift() : undefined)
    const tables = [next(attrs.rotary), next(attrs.rotary)]
    // Between tables and bias is the place of positions, which follow from the lengths.
    const bias = next(attrs.biased)
    const cut = bias && emitFirst(bias, at(given, 6), emit)
    const all = [...given, ...tables, undefined, cut, next(attrs.sinks)]
    const attributes = {
      num_heads: attrs.heads,
      kv_num_heads: attrs.kvHeads,
      do_rotary: Number(attrs.rotary),
      scale: { float: attrs.scale },
      ...(attrs.softcap > 0 && { softcap: { float: attrs.softcap } }),
      ...(attrs.window > 0 && { local_window_size: attrs.window }),
    }
    emit.node('GroupQueryAttention', all, outputs, attributes, MICROSOFT)
  },
}

/** The first `count` places of the last axis: the kernel takes a bias for no more. */
function emitFirst(bias: Tensor, count: Tensor, emit: Emitter): string {
  const [wide, end, cut] = [emit.temporary(), emit.temporary(), emit.temporary()]
  const one = (value: number) => emit.constant('int64', [1], [value])
  emit.node('Cast', [count], [wide], { to: DTYPES.int64.onnx })
  emit.node('Reshape', [wide, one(1)], [end])
  emit.node('Slice', [bias, one(0), end, one(3)], [cut])
  return cut
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
  options: CachedAttentionOptions,
): CachedStep {
  const { heads, kvHeads, headDim, rotary, bias, sinks } = options
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
    scale: options.scale ?? 1 / Math.sqrt(headDim),
    softcap: options.softcap ?? 0,
    window: options.window ?? 0,
    biased: bias !== undefined,
    sinks: sinks !== undefined,
  }
  const inputs = [padded(q), padded(k), padded(v), past.keys, past.values, lastPosition, total]
  if (rotary) inputs.push(pad(rotary.cos, 1, 0, added), pad(rotary.sin, 1, 0, added))
  for (const optional of [bias, sinks]) if (optional) inputs.push(optional)
  const [output, keys, values] = applyAll(cachedAttentionOp, inputs, attrs) as Outputs
  const [batch, length] = q.shape as [string, string]
  const split = reshape(output, [batch, length, heads * parts, size + added])
  return { output: reshape(slice(split, 3, 0, size), q.shape), keys, values }
}

type Outputs = [output: Tensor, keys: Tensor, values: Tensor]
