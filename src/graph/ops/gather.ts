import { type Dim, isFixed, normalizeAxis, productOf, sameShape } from '../dim.ts'
import { type DType, INDICES } from '../dtype.ts'
import { apply, applyAll, at, checkDTypes, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { expand, reshape } from './broadcast.ts'
import { cast, equal } from './elementwise.ts'
import { constant } from './leaf.ts'
import { matmul } from './matmul.ts'

const gatherOp: Op = {
  name: 'gather',
  infer: (inputs) => {
    const [table, indices] = [at(inputs, 0), at(inputs, 1)]
    checkDTypes('gather', [indices], INDICES)
    if (table.rank === 0) throw new ShapeError('gather', inputs, 'a scalar has no rows')
    return { dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }
  },
  vjp: ({ inputs }, [g]) => [g && gatherGradient(g, at(inputs, 0), at(inputs, 1))],
  onnx: (node, emit) => emit.node('Gather', node.inputs, node.outputs, { axis: 0 }),
}

/**
 * Rows of `table` (V, ...) at `indices` (...): an embedding. The result is (...indices, ...rest).
 */
export const gather = (table: Tensor, indices: Tensor): Tensor =>
  apply(gatherOp, [table, indices], {})

/**
 * Tables up to this many rows sum their gradient as a product with one-hot rows, which is faster.
 */
const ONE_HOT_ROWS = 512

function gatherGradient(g: Tensor, table: Tensor, indices: Tensor): Tensor {
  if (!isFixed(table.shape))
    throw new ShapeError('gather', [table, indices], 'its derivative needs a table of fixed size')
  const rows = productOf(indices.shape)
  const width = productOf(table.shape.slice(1)) as number
  const height = at(table.shape, 0)
  const updates = reshape(g, [rows, width])
  const flat = reshape(indices, [rows])
  const summed =
    height <= ONE_HOT_ROWS
      ? matmul(oneHot(flat, height), updates, { transposeA: true })
      : scatterRows(constant(0, [height, width], g.dtype), flat, updates)
  return reshape(summed, table.shape)
}

/**
 * 1 at `indices`, 0 elsewhere, along a new last axis of size `depth`; an index outside gives zeros.
 */
export function oneHot(indices: Tensor, depth: number, dtype: DType = 'float32'): Tensor {
  const classes = constant(
    Array.from({ length: depth }, (_, i) => i),
    [depth],
    indices.dtype,
  )
  return cast(equal(reshape(indices, [...indices.shape, 1]), classes), dtype)
}

interface AxisAttrs {
  axis: number
}

/** Indices reach no further than the tensor, but along `axis`. */
function checkPlaces(name: string, inputs: readonly Tensor[], axis: number): void {
  const [x, indices] = [at(inputs, 0), at(inputs, 1)]
  checkDTypes(name, [indices], INDICES)
  const reaches = (dim: Dim, i: number) => {
    const size = at(x.shape, i)
    return i === axis || dim === size || (Number(dim) <= Number(size) && isFixed([dim, size]))
  }
  if (indices.rank !== x.rank || !indices.shape.every(reaches))
    throw new ShapeError(name, inputs, `the indices do not fit, but along axis ${axis}`)
}

const gatherElementsOp: Op<AxisAttrs> = {
  name: 'gatherElements',
  infer: (inputs, { axis }) => {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)]
    checkPlaces('gatherElements', inputs, axis)
    return { dtype: x.dtype, shape: indices.shape }
  },
  vjp: ({ inputs, attrs: { axis } }, [g]) => {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)]
    if (!g) return []
    if (!isFixed(x.shape))
      throw new ShapeError('gatherElements', inputs, 'its derivative needs fixed sizes')
    return [scatterElements(constant(0, x.shape, x.dtype), indices, g, axis)]
  },
  onnx: ({ inputs, outputs, attrs }, emit) =>
    emit.node('GatherElements', inputs, outputs, { axis: attrs.axis }),
}

/** result[.., i, ..] = x[.., indices[.., i, ..], ..] along `axis`. */
export const gatherElements = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  apply(gatherElementsOp, [x, indices], { axis: normalizeAxis(axis, x.rank, 'gatherElements') })

const scatterElementsOp: Op<AxisAttrs> = {
  name: 'scatterElements',
  infer: (inputs, { axis }) => {
    const [base, indices, updates] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)]
    checkPlaces('scatterElements', inputs, axis)
    if (base.dtype !== updates.dtype)
      throw new ShapeError('scatterElements', inputs, `${base.dtype} takes no ${updates.dtype}`)
    if (!sameShape(indices.shape, updates.shape))
      throw new ShapeError('scatterElements', inputs, 'indices and updates differ in shape')
    return { dtype: base.dtype, shape: base.shape }
  },
  vjp: ({ inputs, attrs: { axis } }, [g]) => [
    g,
    undefined,
    g && gatherElements(g, at(inputs, 1), axis),
  ],
  onnx: ({ inputs, outputs, attrs: { axis } }, emit) =>
    emit.node('ScatterElements', inputs, outputs, { axis, reduction: 'add' }),
}

/** `base` with `updates` added at `indices` along `axis`; repeated indices add up. */
export const scatterElements = (
  base: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis: number,
): Tensor =>
  apply(scatterElementsOp, [base, indices, updates], {
    axis: normalizeAxis(axis, base.rank, 'scatterElements'),
  })

/** `base` (V, C) with the rows of `updates` (N, C) added at `indices` (N). */
export const scatterRows = (base: Tensor, indices: Tensor, updates: Tensor): Tensor =>
  scatterElements(base, expand(reshape(indices, [...indices.shape, 1]), updates.shape), updates, 0)

interface CumulativeAttrs {
  axis: number
  reverse: boolean
}

const cumulativeSumOp: Op<CumulativeAttrs> = {
  name: 'cumulativeSum',
  infer: ([x]) => ({ dtype: (x as Tensor).dtype, shape: (x as Tensor).shape }),
  vjp: ({ attrs: { axis, reverse } }, [g]) => [g && cumulativeSum(g, axis, !reverse)],
  onnx: ({ inputs, outputs, attrs: { axis, reverse } }, emit) => {
    const axisInput = emit.constant('int64', [], [axis])
    emit.node('CumSum', [at(inputs, 0), axisInput], outputs, { reverse: Number(reverse) })
  },
}

/** Running sum along an axis, from its end with `reverse`. */
export const cumulativeSum = (x: Tensor, axis: number, reverse = false): Tensor =>
  apply(cumulativeSumOp, [x], { axis: normalizeAxis(axis, x.rank, 'cumulativeSum'), reverse })

const topKOp: Op<{ k: number }> = {
  name: 'topK',
  infer: (inputs, { k }) => {
    const x = at(inputs, 0)
    const size = x.shape[x.rank - 1]
    if (typeof size === 'number' && k > size)
      throw new ShapeError('topK', inputs, `cannot take ${k} of the ${size} along the last axis`)
    const shape = [...x.shape.slice(0, -1), k]
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ]
  },
  vjp: ({ inputs, outputs }, [g]) => {
    const x = at(inputs, 0)
    if (!g) return []
    if (!isFixed(x.shape)) throw new ShapeError('topK', inputs, 'its derivative needs fixed sizes')
    return [scatterElements(constant(0, x.shape, x.dtype), at(outputs, 1), g, x.rank - 1)]
  },
  onnx: ({ inputs, outputs, attrs: { k } }, emit) =>
    emit.node('TopK', [at(inputs, 0), emit.constant('int64', [1], [k])], outputs, { axis: -1 }),
}

/** The k largest along the last axis, falling, and where they are. */
export function topK(x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  const [values, indices] = applyAll(topKOp, [x], { k }) as [Tensor, Tensor]
  return { values, indices }
}
