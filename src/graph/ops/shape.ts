import { type Dim, isFixed, normalizeAxis } from '../dim.ts'
import { apply, applyAll, at, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { expand, filled } from './broadcast.ts'
import { constant } from './leaf.ts'

const transposeOp: Op<{ order: readonly number[] }> = {
  name: 'transpose',
  infer: (inputs, { order }) => {
    const x = at(inputs, 0)
    if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== x.rank)
      throw new ShapeError('transpose', inputs, `[${order}] is no order of its axes`)
    return { dtype: x.dtype, shape: order.map((axis) => at(x.shape, axis)) }
  },
  vjp: ({ attrs: { order } }, [g]) => [
    g &&
      transpose(
        g,
        order.map((_, i) => order.indexOf(i)),
      ),
  ],
  simplify: ({ inputs, attrs: { order } }) => {
    const inner = at(inputs, 0).node
    if (inner.op.name !== 'transpose')
      return filled(
        at(inputs, 0),
        order.map((axis) => at(at(inputs, 0).shape, axis)),
      )
    const first = (inner.attrs as { order: readonly number[] }).order
    return transpose(
      at(inner.inputs, 0),
      order.map((axis) => at(first, axis)),
    )
  },
  onnx: ({ inputs, outputs, attrs }, emit) =>
    emit.node('Transpose', inputs, outputs, { perm: attrs.order }),
}

/** Axes in another order (default: reversed): `order[i]` is the axis that comes i-th. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const axes = (order ?? x.shape.map((_, i) => x.rank - 1 - i)).map((axis) =>
    normalizeAxis(axis, x.rank, 'transpose'),
  )
  return axes.every((axis, i) => axis === i) ? x : apply(transposeOp, [x], { order: axes })
}

interface SliceAttrs {
  axis: number
  start: number
  end: number
}

const sliceOp: Op<SliceAttrs> = {
  name: 'slice',
  infer: (inputs, { axis, start, end }) => {
    const x = at(inputs, 0)
    const dim = x.shape[axis]
    if (typeof dim !== 'number' || start < 0 || end > dim || start > end)
      throw new ShapeError('slice', inputs, `no range ${start}..${end} in axis ${axis} (${dim})`)
    return { dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? end - start : d)) }
  },
  vjp: ({ inputs, attrs: { axis, start, end } }, [g]) => {
    const dim = at(at(inputs, 0).shape, axis) as number
    return [g && pad(g, axis, start, dim - end)]
  },
  onnx: ({ inputs, outputs, attrs: { axis, start, end } }, emit) => {
    const x = at(inputs, 0)
    if (emit.target === 'webgpu' && x.dtype === 'int32') {
      // Its Slice takes floats only.
      const places = Array.from({ length: end - start }, (_, i) => start + i)
      const indices = emit.constant('int64', [places.length], places)
      emit.node('Gather', [x, indices], outputs, { axis })
      return
    }
    const scalar = (value: number) => emit.constant('int64', [1], [value])
    emit.node('Slice', [x, scalar(start), scalar(end), scalar(axis)], outputs)
  },
}

/** Elements `start` to `end` (not included) along an axis; negative ones count from its end. */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  const index = normalizeAxis(axis, x.rank, 'slice')
  const dim = at(x.shape, index)
  const size = typeof dim === 'number' ? dim : Number.NaN
  const from = start < 0 ? start + size : start
  const to = end === undefined ? size : end < 0 ? end + size : end
  return from === 0 && to === size ? x : apply(sliceOp, [x], { axis: index, start: from, end: to })
}

const padOp: Op<{ axis: number; before: number; after: number }> = {
  name: 'pad',
  infer: (inputs, { axis, before, after }) => {
    const x = at(inputs, 0)
    const dim = x.shape[axis]
    if (typeof dim !== 'number' || before < 0 || after < 0)
      throw new ShapeError(
        'pad',
        inputs,
        `cannot add ${before} and ${after} to axis ${axis} (${dim})`,
      )
    return { dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? before + dim + after : d)) }
  },
  vjp: ({ attrs: { axis, before, after } }, [g]) => {
    if (!g) return []
    return [slice(g, axis, before, (at(g.shape, axis) as number) - after)]
  },
  onnx: ({ inputs, outputs, attrs: { axis, before, after } }, emit) => {
    const x = at(inputs, 0)
    const amounts = new Array<number>(2 * x.rank).fill(0)
    amounts[axis] = before
    amounts[x.rank + axis] = after
    const zero = emit.constant(x.dtype, [], [0])
    emit.node('Pad', [x, emit.constant('int64', [amounts.length], amounts), zero], outputs)
  },
}

/** Zeros before and after, along an axis. */
export const pad = (x: Tensor, axis: number, before: number, after: number): Tensor =>
  before === 0 && after === 0
    ? x
    : apply(padOp, [x], { axis: normalizeAxis(axis, x.rank, 'pad'), before, after })

interface ConcatAttrs {
  axis: number
  /** Of the result's size, where that is open. */
  size?: string
}

const concatOp: Op<ConcatAttrs> = {
  name: 'concat',
  infer: (inputs, { axis, size }) => {
    const first = at(inputs, 0)
    const fits = (t: Tensor) =>
      t.dtype === first.dtype &&
      t.rank === first.rank &&
      t.shape.every((dim, i) => i === axis || dim === first.shape[i])
    if (!inputs.every(fits))
      throw new ShapeError('concat', inputs, `differ in more than the size of axis ${axis}`)
    const sizes = inputs.map((t) => at(t.shape, axis))
    const total = size ?? sumOf(sizes)
    return { dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? total : d)) }
  },
  vjp: ({ inputs, attrs: { axis } }, [g]) => {
    let offset = 0
    return inputs.map((t) => {
      const size = at(t.shape, axis)
      if (typeof size === 'string')
        throw new ShapeError('concat', inputs, 'its derivative needs fixed sizes along the axis')
      offset += size
      return g && slice(g, axis, offset - size, offset)
    })
  },
  onnx: ({ inputs, outputs, attrs: { axis } }, emit) =>
    emit.node('Concat', inputs, outputs, { axis }),
}

const sumOf = (sizes: readonly Dim[]): Dim =>
  isFixed(sizes) ? sizes.reduce((a, b) => a + b, 0) : sizes.join('+')

/**
 * Joins tensors end to end along an axis. `size` names the result's size, where that is a dimension
 * with a name of its own; without it the sum of sizes with names is named `a+b`.
 */
export function concat(tensors: readonly Tensor[], axis: number, size?: string): Tensor {
  if (tensors.length === 1) return at(tensors, 0)
  const index = normalizeAxis(axis, at(tensors, 0).rank, 'concat')
  return apply(concatOp, tensors, { axis: index, size })
}

interface SplitAttrs {
  axis: number
  sizes: readonly number[]
}

const splitOp: Op<SplitAttrs> = {
  name: 'split',
  infer: (inputs, { axis, sizes }) => {
    const x = at(inputs, 0)
    const whole = sizes.every((size) => Number.isInteger(size) && size >= 0)
    if (!whole || x.shape[axis] !== sizes.reduce((a, b) => a + b, 0))
      throw new ShapeError('split', inputs, `axis ${axis} is not as long as ${sizes.join(' + ')}`)
    return sizes.map((size) => ({
      dtype: x.dtype,
      shape: x.shape.map((d, i) => (i === axis ? size : d)),
    }))
  },
  vjp: ({ outputs, attrs: { axis } }, gradients) => {
    const parts = outputs.map((part, i) => gradients[i] ?? expand(constant(0), part.shape, part))
    return [concat(parts, axis)]
  },
  onnx: ({ inputs, outputs, attrs: { axis, sizes } }, emit) => {
    const counts = emit.constant('int64', [sizes.length], sizes)
    emit.node('Split', [at(inputs, 0), counts], outputs, { axis })
  },
}

/** Cuts an axis into parts of the given sizes. */
export const split = (x: Tensor, sizes: readonly number[], axis: number): Tensor[] =>
  sizes.length === 1
    ? [x]
    : applyAll(splitOp, [x], { axis: normalizeAxis(axis, x.rank, 'split'), sizes })
