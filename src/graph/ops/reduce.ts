import { productOf } from '../dim.ts'
import { ShapeError, type Tensor } from '../tensor.ts'
import { expand, reduction, sum } from './broadcast.ts'
import { cast, div, equal, mul } from './elementwise.ts'

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
