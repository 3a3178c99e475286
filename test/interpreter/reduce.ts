import { along, build, get, type Index, type NdArray, sumOf } from './array.ts'
import type { Evaluate } from './evaluate.ts'

/** Every element of `x` whose index equals `index` outside `axes`. */
function elements(x: NdArray, index: Index, axes: readonly number[]): number[] {
  let places: number[][] = [[...index]]
  for (const axis of axes)
    places = places.flatMap((place) =>
      Array.from({ length: x.shape[axis] as number }, (_, i) =>
        place.map((v, k) => (k === axis ? i : v)),
      ),
    )
  return places.map((place) => get(x, place))
}

const reduction =
  (f: (values: number[]) => number): Evaluate =>
  ([input], { attrs }) => {
    const x = input as NdArray
    const { axes } = attrs as { axes: number[] }
    const kept = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    return build(kept, (index) => f(elements(x, index, axes)))
  }

const softmaxAlong = (values: number[], x: number): number => {
  const top = Math.max(...values)
  return Math.exp(x - top) / sumOf(values.map((v) => Math.exp(v - top)))
}

const alongAxis =
  (f: (values: number[], x: number, place: number, attrs: object) => number): Evaluate =>
  ([input], { attrs }) => {
    const x = input as NdArray
    const { axis } = attrs as { axis: number }
    return build(x.shape, (index) =>
      f(along(x, index, axis), get(x, index), index[axis] as number, attrs),
    )
  }

const average = (values: number[]) => sumOf(values) / values.length

/** 1 / sqrt(mean(values^2) + epsilon). */
const inverseRoot = (values: number[], epsilon: number) =>
  1 / Math.sqrt(average(values.map((v) => v * v)) + epsilon)

const layerNorm: Evaluate = ([input, scale, shift], { attrs }) => {
  const x = input as NdArray
  const { epsilon } = attrs as { epsilon: number }
  const last = x.shape.length - 1
  const rows = [...x.shape.slice(0, -1), 1]
  const mean = build(rows, (index) => average(along(x, index, last)))
  const row = (index: Index) => [...index.slice(0, -1), 0]
  const inverse = build(rows, (index) =>
    inverseRoot(
      along(x, index, last).map((v) => v - get(mean, index)),
      epsilon,
    ),
  )
  const y = build(x.shape, (index) => {
    const column = [index[last] as number]
    const normal = (get(x, index) - get(mean, row(index))) * get(inverse, row(index))
    return normal * get(scale as NdArray, column) + (shift ? get(shift, column) : 0)
  })
  return [y, mean, inverse]
}

const rmsNorm: Evaluate = ([input, scale], { attrs }) => {
  const x = input as NdArray
  const { epsilon } = attrs as { epsilon: number }
  const last = x.shape.length - 1
  const rows = [...x.shape.slice(0, -1), 1]
  const inverse = build(rows, (index) => inverseRoot(along(x, index, last), epsilon))
  const y = build(
    x.shape,
    (index) =>
      get(x, index) *
      get(inverse, [...index.slice(0, -1), 0]) *
      get(scale as NdArray, [index[last] as number]),
  )
  return [y, inverse]
}

export const reduce: Record<string, Evaluate> = {
  sum: reduction(sumOf),
  mean: reduction(average),
  max: reduction((values) => Math.max(...values)),
  min: reduction((values) => Math.min(...values)),
  softmax: alongAxis(softmaxAlong),
  logSoftmax: alongAxis((values, x) => {
    const top = Math.max(...values)
    return x - top - Math.log(sumOf(values.map((v) => Math.exp(v - top))))
  }),
  cumulativeSum: alongAxis((values, _, place, attrs) =>
    sumOf(
      (attrs as { reverse: boolean }).reverse ? values.slice(place) : values.slice(0, place + 1),
    ),
  ),
  layerNorm,
  rmsNorm,
}
