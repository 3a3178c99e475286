import {
  abs,
  add,
  cast,
  constant,
  equal,
  greater,
  greaterEqual,
  mul,
  not,
  or,
  reshape,
  type Shape,
  ShapeError,
  sub,
  type Tensor,
} from '../graph/index.ts'

/** Added to a score, it leaves no weight; finite, so that a row of nothing else has no NaN. */
export const HIDDEN = -1e30

/** `HIDDEN` where `unseen` is true. */
const hide = (unseen: Tensor): Tensor => mul(cast(unseen, 'float32'), HIDDEN)

export interface Visibility {
  /** A position sees only itself and those before it. */
  causal?: boolean
  /**
   * Sliding window (Beltagy et al. 2020): a position sees only those less than this many away,
   * before it and, unless it is causal, after it.
   */
  window?: number
  /**
   * (B or 1, 1, T, S) int32: position of the key less that of the query. Dynamic lengths need it,
   * where causal or within a window.
   */
  distances?: Tensor
  /** (B, 1, T, S) or less: hides padding, or other segments. */
  bias?: Tensor
}

/**
 * What is added to the scores of q (B, H, T, D) and k (B, K, S, D), in this order; `relative`:
 * biases of relative positions. Who sees whom by position is decided here, and nowhere else.
 */
export function attentionMasks(
  q: Tensor,
  k: Tensor,
  { causal, window, distances, bias }: Visibility,
  relative?: Tensor,
): Tensor[] {
  const [length, keys] = [q.shape[2], k.shape[2]]
  let mask: Tensor | undefined
  let visible = bias
  if (!causal && window === undefined) mask = undefined
  else if (typeof length === 'number' && typeof keys === 'number')
    mask = band(length, keys, causal, window)
  else if (!distances)
    throw new ShapeError('attention', [q, k], 'causal and window need fixed lengths, or distances')
  else {
    if (causal) visible = sumOf(visible, hide(greater(distances, 0)))
    if (window !== undefined) visible = sumOf(visible, hide(greaterEqual(abs(distances), window)))
  }
  return [mask, sumOf(visible, relative)].filter((t) => t !== undefined)
}

/** (T, S), where the last query stands at the last key. */
function band(length: number, keys: number, causal = false, window = Infinity): Tensor {
  const values = new Float32Array(length * keys)
  for (let i = 0; i < length; i++) {
    const position = keys - length + i
    const row = values.subarray(i * keys, (i + 1) * keys)
    row.fill(HIDDEN, 0, Math.max(0, position - window + 1))
    row.fill(HIDDEN, Math.max(0, causal ? position + 1 : position + window))
  }
  return constant(values, [length, keys])
}

/** (B, T) mask of 1 and 0 -> (B, 1, 1, T): `HIDDEN` where it is 0. */
export const paddingBias = (mask: Tensor): Tensor =>
  reshape(
    mul(sub(1, mask), HIDDEN),
    [mask.shape[0] as number, 1, 1, mask.shape[1] as number] satisfies Shape,
    mask,
  )

/** (B, T) segment numbers -> (B, 1, T, T): `HIDDEN` between positions of different segments. */
export function segmentBias(segments: Tensor): Tensor {
  const [batch, length] = segments.shape as [number, number]
  const queries = reshape(segments, [batch, 1, length, 1])
  const keys = reshape(segments, [batch, 1, 1, length])
  return hide(not(equal(queries, keys)))
}

/**
 * (B, T) numbers of branches -> (B, 1, T, T): `HIDDEN` between different branches; all see those of
 * 0, their shared beginning.
 */
export function branchBias(branches: Tensor): Tensor {
  const [batch, length] = branches.shape as [number, number]
  const queries = reshape(branches, [batch, 1, length, 1], branches)
  const keys = reshape(branches, [batch, 1, 1, length], branches)
  return hide(not(or(equal(queries, keys), equal(keys, 0))))
}

/** Of tensors that may be missing. */
export const sumOf = (a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined =>
  a && b ? add(a, b) : (a ?? b)
