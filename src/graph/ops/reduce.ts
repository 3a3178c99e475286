import { normalizeAxis, productOf, type Shape, sameShape } from '../dim.ts'
import { NUMBERS } from '../dtype.ts'
import { apply, at, checkDTypes, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { cast, div, equal, mul } from './elementwise.ts'
import { constant } from './leaf.ts'
import { expand, reshape } from './shape.ts'

interface ReduceAttrs {
  axes: readonly number[]
}

/** The input's shape with the reduced axes set to 1. */
const keptShape = (x: Tensor, axes: readonly number[]): Shape =>
  x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim))

function reduction(
  name: string,
  type: string,
  axesAsInput: boolean,
  gradient: (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => Tensor,
) {
  const op: Op<ReduceAttrs> = {
    name,
    infer: (inputs, { axes }) => {
      checkDTypes(name, inputs, NUMBERS)
      return { dtype: at(inputs, 0).dtype, shape: keptShape(at(inputs, 0), axes) }
    },
    vjp: ({ inputs, outputs, attrs }, [g]) => [
      g && gradient(g, at(inputs, 0), at(outputs, 0), attrs.axes),
    ],
    onnx: ({ inputs, outputs, attrs: { axes } }, emit) => {
      const x = at(inputs, 0)
      if (axesAsInput)
        emit.node(type, [x, emit.constant('int64', [axes.length], axes)], outputs, { keepdims: 1 })
      else emit.node(type, [x], outputs, { keepdims: 1, axes })
    },
  }
  /** Over `axes` (default: all), which stay as size 1 with `keepDims`, and go without. */
  return (x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor => {
    const list = axes === undefined ? x.shape.map((_, i) => i) : [axes].flat()
    const normal = list.map((axis) => normalizeAxis(axis, x.rank, name)).sort((a, b) => a - b)
    if (normal.length === 0) return x
    const reduced = apply(op, [x], { axes: normal })
    return keepDims
      ? reduced
      : reshape(
          reduced,
          x.shape.filter((_, i) => !normal.includes(i)),
        )
  }
}

/** Sum over axes. */
export const sum = reduction('sum', 'ReduceSum', true, (g, x) => expand(g, x.shape, x))

/** Mean over axes. */
export const mean = reduction('mean', 'ReduceMean', true, (g, x, _, axes) => {
  const count = productOf(axes.map((axis) => x.shape[axis] ?? 1))
  if (typeof count === 'string')
    throw new ShapeError('mean', [x], `its derivative needs a fixed size, not ${count}`)
  return expand(mul(g, 1 / count), x.shape, x)
})

/** Equal maxima share the gradient. */
const toExtremes = (g: Tensor, x: Tensor, y: Tensor, axes: readonly number[]): Tensor => {
  const hit = cast(equal(x, y), x.dtype)
  return mul(hit, div(g, sum(hit, axes, true)))
}

/** Largest value over axes. */
export const max = reduction('max', 'ReduceMax', true, toExtremes)

/** Smallest value over axes. */
export const min = reduction('min', 'ReduceMin', true, toExtremes)

/** Sums what broadcasting repeated: the gradient of a broadcast operand of `shape`. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g
  const added = g.rank - shape.length
  const axes = g.shape.flatMap((dim, i) =>
    i < added || (shape[i - added] === 1 && dim !== 1) ? [i] : [],
  )
  return reshape(axes.length > 0 ? sum(g, axes, true) : g, shape)
}

/** Ones with the shape of `x`. */
export const onesLike = (x: Tensor): Tensor => expand(constant(1, [], x.dtype), x.shape, x)
