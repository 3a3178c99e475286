import type { Shape } from '../../src/graph/dim.ts'
import { build, get, getBroadcast, type NdArray, withAxis } from './array.ts'
import type { Evaluate } from './evaluate.ts'

const transpose: Evaluate = ([input], { attrs }) => {
  const x = input as NdArray
  const { order } = attrs as { order: number[] }
  const place = (index: readonly number[]) =>
    x.shape.map((_, axis) => index[order.indexOf(axis)] as number)
  return build(
    order.map((axis) => x.shape[axis] as number),
    (index) => get(x, place(index)),
  )
}

const slice: Evaluate = ([input], { attrs }) => {
  const x = input as NdArray
  const { axis, start, end } = attrs as { axis: number; start: number; end: number }
  return part(x, axis, start, end)
}

const part = (x: NdArray, axis: number, start: number, end: number): NdArray =>
  build(withAxis(x.shape, axis, end - start), (index) =>
    get(x, withAxis(index, axis, (index[axis] as number) + start)),
  )

const pad: Evaluate = ([input], { attrs }) => {
  const x = input as NdArray
  const { axis, before, after } = attrs as { axis: number; before: number; after: number }
  const size = x.shape[axis] as number
  return build(withAxis(x.shape, axis, before + size + after), (index) => {
    const place = (index[axis] as number) - before
    return place >= 0 && place < size ? get(x, withAxis(index, axis, place)) : 0
  })
}

const concat: Evaluate = (inputs, { attrs }, { define }) => {
  const { axis, size } = attrs as { axis: number; size?: string }
  const sizes = inputs.map((x) => x.shape[axis] as number)
  const total = sizes.reduce((a, b) => a + b, 0)
  if (size) define(size, total)
  return build(withAxis((inputs[0] as NdArray).shape, axis, total), (index) => {
    let place = index[axis] as number
    let k = 0
    while (place >= (sizes[k] as number)) place -= sizes[k++] as number
    return get(inputs[k] as NdArray, withAxis(index, axis, place))
  })
}

const skip: Evaluate = ([x, like], { attrs }, { define }) => {
  const { axis, likeAxis, size } = attrs as { axis: number; likeAxis: number; size: string }
  const [start, end] = [like?.shape[likeAxis] as number, x?.shape[axis] as number]
  define(size, end - start)
  return part(x as NdArray, axis, start, end)
}

const last: Evaluate = ([x, count], { attrs }, { define }) => {
  const { axis, size } = attrs as { axis: number; size: string }
  const end = x?.shape[axis] as number
  const start = count?.data[0] ? Math.max(0, end - count.data[0]) : 0
  define(size, end - start)
  return part(x as NdArray, axis, start, end)
}

const split: Evaluate = ([input], { attrs }) => {
  const { axis, sizes } = attrs as { axis: number; sizes: number[] }
  let start = 0
  return sizes.map((size) => {
    start += size
    return part(input as NdArray, axis, start - size, start)
  })
}

export const shape: Record<string, Evaluate> = {
  reshape: ([x], { attrs }, { size }) => ({
    shape: (attrs as { shape: Shape }).shape.map(size),
    data: (x as NdArray).data,
  }),
  transpose,
  expand: ([x], { attrs }, { size }) =>
    build((attrs as { shape: Shape }).shape.map(size), (index) =>
      getBroadcast(x as NdArray, index),
    ),
  slice,
  pad,
  concat,
  skip,
  last,
  split,
}
