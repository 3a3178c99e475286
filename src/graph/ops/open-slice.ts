import { normalizeAxis } from '../dim.ts'
import { apply, at, type Op, ShapeError, type Tensor } from '../tensor.ts'

/** Slices whose bounds are known only when they are computed. */

interface SkipAttrs {
  axis: number
  likeAxis: number
  size: string
}

const skipOp: Op<SkipAttrs> = {
  name: 'skip',
  infer: (inputs, { axis, size }) => {
    const { dtype, shape } = at(inputs, 0)
    return { dtype, shape: shape.map((d, i) => (i === axis ? size : d)) }
  },
  onnx: ({ inputs, outputs, attrs: { axis, likeAxis } }, emit) => {
    const start = emit.temporary()
    emit.node('Shape', [at(inputs, 1)], [start], { start: likeAxis, end: likeAxis + 1 })
    const scalar = (value: number) => emit.constant('int64', [1], [value])
    emit.node('Slice', [at(inputs, 0), start, scalar(LAST), scalar(axis)], outputs)
  },
}

/** An end that no tensor reaches. */
const LAST = 2 ** 31 - 1

/**
 * x without its first elements along an axis: as many are left out as `like` has along `likeAxis`.
 * `size` names how many stay. Has no derivative.
 */
export const skip = (
  x: Tensor,
  axis: number,
  { like, likeAxis, size }: { like: Tensor; likeAxis: number; size: string },
): Tensor =>
  apply(skipOp, [x, like], {
    axis: normalizeAxis(axis, x.rank, 'skip'),
    likeAxis: normalizeAxis(likeAxis, like.rank, 'skip'),
    size,
  })

const lastOp: Op<{ axis: number; size: string }> = {
  name: 'last',
  infer: (inputs, { axis, size }) => {
    const [x, count] = [at(inputs, 0), at(inputs, 1)]
    if (count.dtype !== 'int64' || count.rank !== 0)
      throw new ShapeError('last', inputs, 'how many is one int64')
    return { dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }
  },
  onnx: ({ inputs, outputs, attrs: { axis } }, emit) => {
    const [negative, start] = [emit.temporary(), emit.temporary()]
    const scalar = (value: number) => emit.constant('int64', [1], [value])
    emit.node('Neg', [at(inputs, 1)], [negative])
    emit.node('Reshape', [negative, scalar(1)], [start])
    emit.node('Slice', [at(inputs, 0), start, scalar(LAST), scalar(axis)], outputs)
  },
}

/**
 * The last `count` () int64 elements of x along an axis, all where it is 0; `size` names how many.
 */
export const last = (x: Tensor, axis: number, count: Tensor, size: string): Tensor =>
  apply(lastOp, [x, count], { axis: normalizeAxis(axis, x.rank, 'last'), size })
