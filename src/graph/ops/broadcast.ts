import {
  broadcastShapes,
  formatShape,
  isFixed,
  normalizeAxis,
  productOf,
  type Shape,
  sameShape,
} from '../dim.ts'
import { NUMBERS } from '../dtype.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, at, checkDTypes, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { constant, uniformValue } from './leaf.ts'

// One file, because each is in the derivative of another: `expand` repeats, and `sum` adds up.

/**
 * A 1-D int64 tensor that holds `shape` at run time. Names are read from the sizes of `source`, so
 * each must be a dimension of it.
 */
function shapeTensor(shape: Shape, source: Tensor, emit: Emitter): string {
  if (isFixed(shape)) return emit.constant('int64', [shape.length], shape)
  const sizes = emit.temporary()
  emit.node('Shape', [source], [sizes])
  const parts = shape.map((dim) => {
    if (typeof dim === 'number') return emit.constant('int64', [1], [dim])
    const axis = source.shape.indexOf(dim)
    if (axis < 0) throw new ShapeError('reshape', [source], `no dimension of it is named ${dim}`)
    const part = emit.temporary()
    emit.node('Gather', [sizes, emit.constant('int64', [1], [axis])], [part], { axis: 0 })
    return part
  })
  const result = emit.temporary()
  emit.node('Concat', parts, [result], { axis: 0 })
  return result
}

const reshapeOp: Op<{ shape: Shape }> = {
  name: 'reshape',
  infer: (inputs, { shape }) => {
    const x = at(inputs, 0)
    if (productOf(x.shape) !== productOf(shape))
      throw new ShapeError(
        'reshape',
        inputs,
        `does not hold as many elements as ${formatShape(shape)}`,
      )
    return { dtype: x.dtype, shape }
  },
  vjp: ({ inputs: [x] }, [g]) => [g && x && reshape(g, x.shape, x)],
  simplify: ({ inputs, attrs }) => {
    const inner = at(inputs, 0).node
    if (sameShape(at(inputs, 0).shape, attrs.shape)) return at(inputs, 0)
    if (inner.op.name === 'reshape') return reshape(at(inner.inputs, 0), attrs.shape, inputs[1])
    return filled(at(inputs, 0), attrs.shape)
  },
  onnx: ({ inputs, outputs, attrs: { shape } }, emit) => {
    const [x, like] = inputs as [Tensor, Tensor | undefined]
    const numbers = reshapeNumbers(x, shape)
    const sizes = numbers
      ? emit.constant('int64', [shape.length], numbers)
      : shapeTensor(shape, like ?? x, emit)
    emit.node('Reshape', [x, sizes], outputs)
  },
}

/**
 * A shape with names as ONNX can state it without knowing their sizes: 0 copies the size at the
 * same place, -1, at most once, takes the rest. Undefined where that is not enough.
 */
function reshapeNumbers(x: Tensor, shape: Shape): number[] | undefined {
  const copied = shape.map((dim, i) => (typeof dim === 'string' && x.shape[i] === dim ? 0 : dim))
  const named = copied.filter((dim) => typeof dim === 'string').length
  return named > 1 ? undefined : copied.map((dim) => (typeof dim === 'string' ? -1 : dim))
}

/**
 * The same elements, row by row, in another shape. Where that has several names that x has not at
 * the same place, their sizes are read from `like`.
 */
export function reshape(x: Tensor, shape: Shape, like?: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x
  const inputs = like && !reshapeNumbers(x, shape) ? [x, like] : [x]
  return apply(reshapeOp, inputs, { shape: [...shape] })
}

const expandOp: Op<{ shape: Shape }> = {
  name: 'expand',
  infer: (inputs, { shape }) => {
    const x = at(inputs, 0)
    const whole = broadcastShapes(x.shape, shape)
    if (!whole || !sameShape(whole, shape))
      throw new ShapeError('expand', inputs, `does not broadcast to ${formatShape(shape)}`)
    return { dtype: x.dtype, shape }
  },
  vjp: ({ inputs }, [g]) => [g && sumTo(g, at(inputs, 0).shape)],
  simplify: ({ inputs, attrs: { shape } }) => filled(at(inputs, 0), shape),
  onnx: ({ inputs, outputs, attrs: { shape } }, emit) => {
    const [x, like] = inputs as [Tensor, Tensor | undefined]
    emit.node('Expand', [x, shapeTensor(shape, like ?? x, emit)], outputs)
  },
}

/** Repeats axes of size 1 up to `shape`; sizes that are names are read from `like`. */
export function expand(x: Tensor, shape: Shape, like?: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x
  return apply(expandOp, like && !isFixed(shape) ? [x, like] : [x], { shape: [...shape] })
}

/** A constant of one repeated value, in another shape. */
export function filled(x: Tensor, shape: Shape): Tensor | undefined {
  const value = uniformValue(x)
  return value !== undefined && isFixed(shape) ? constant(value, shape, x.dtype) : undefined
}

interface ReduceAttrs {
  axes: readonly number[]
}

/** The input's shape with the reduced axes set to 1. */
const keptShape = (x: Tensor, axes: readonly number[]): Shape =>
  x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim))

/** An operation that reduces axes, and its derivative. */
export function reduction(
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
